import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decide,
  decider,
  type Decision,
  delayRange,
  type PolicySpec,
  type Report,
  retry,
  type RetryPolicy,
  seeded,
  verdictOf,
} from '../../src/index.js';
import { arbitraryFailure, arbitraryPolicy } from '../../src/testing/fast-check.js';
import { virtualClock } from '../../src/testing/index.js';
import { arbitraryRandom } from '../support/arbitraries.js';
import { runs } from '../support/runs.js';

/** Laws of `policyFor`: what the chosen policy decides, and what stays with the policy of the call. */

const arbitraryAttempt = fc.oneof(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1 }));
const boom = new Error('boom');
const clock = { wallNow: () => 0 };

const mustBe = (holds: boolean, cases: unknown): void => {
  if (!holds) throw new Error(`does not hold for ${fc.stringify(cases)}`);
};

test('a delay lies in the range of the chosen policy, and it stops exactly when its retries are used up', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ timeless: true }),
      arbitraryPolicy(),
      arbitraryAttempt,
      arbitraryRandom,
      (policy, chosen, attempt, random) => {
        const decision = decider(policy, { policyFor: () => chosen, random })(boom, attempt);
        if (attempt > chosen.maxRetries)
          return mustBe(!decision.retry && decision.reason === 'retries-exhausted', [chosen, attempt]);
        const { minMs, maxMs } = delayRange(chosen, attempt);
        mustBe(decision.retry && decision.delayMs >= minMs && decision.delayMs <= maxMs, [chosen, attempt]);
      },
    ),
    runs(2_000, 1_000_000),
  );
});

test('the deadline is that of the call, and all else that of the chosen policy', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy(),
      arbitraryPolicy(),
      arbitraryFailure(),
      arbitraryAttempt,
      fc.nat({ max: 600_000 }),
      arbitraryRandom,
      (policy, chosen, failure, attempt, elapsedMs, random) => {
        const options = { random, clock };
        const given = decider(policy, { ...options, policyFor: () => chosen })(failure, attempt, elapsedMs);
        const mixed = { ...chosen, maxElapsedMs: policy.maxElapsedMs };
        const verdict = verdictOf(failure, mixed, { clock });
        expect(given).toEqual(decide(mixed, { verdict, attempt, elapsedMs }, random));
      },
    ),
    runs(1_000, 200_000),
  );
});

test('one that always chooses the policy of the call, or nothing, is as good as none', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy(),
      arbitraryFailure(),
      arbitraryAttempt,
      fc.nat({ max: 600_000 }),
      arbitraryRandom,
      (policy, failure, attempt, elapsedMs, random) => {
        const answer = (policyFor?: () => PolicySpec | undefined): Decision =>
          decider(policy, { policyFor, random, clock })(failure, attempt, elapsedMs);
        expect(answer(() => policy)).toEqual(answer());
        expect(answer(() => undefined)).toEqual(answer());
      },
    ),
    runs(1_000, 200_000),
  );
});

const hourMs = 3_600_000;
const short = (policy: RetryPolicy): RetryPolicy => ({
  ...policy,
  attemptTimeoutMs: Infinity,
  maxElapsedMs: Math.min(policy.maxElapsedMs, 24 * hourMs),
});

test('a call waits as the policy says that is chosen for each failure, with one counter', async () => {
  const arbitraryShort = arbitraryPolicy({ maxRetries: 8, maxDelayMs: hourMs }).map(short);
  await fc.assert(
    fc.asyncProperty(
      arbitraryShort,
      fc.array(fc.option(arbitraryShort, { nil: undefined }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      async (policy, choices, seed) => {
        const virtual = virtualClock();
        let report: Report | undefined;
        const call = retry(() => Promise.reject(boom), policy, {
          clock: virtual,
          random: seeded(seed),
          policyFor: (_, { attempt }) => choices[(attempt - 1) % choices.length],
          onEnd: (told) => (report = told),
        });
        await expect(virtual.runAll(call)).rejects.toBe(boom);
        for (const { attempt, startMs, durationMs, delayMs } of report!.attempts) {
          const chosen = choices[(attempt - 1) % choices.length] ?? policy;
          const decision = decide(
            { ...chosen, maxElapsedMs: policy.maxElapsedMs },
            { verdict: 'retry', attempt, elapsedMs: startMs + durationMs },
            seeded(seed),
          );
          if (decision.retry) expect(delayMs).toBe(decision.delayMs);
          else expect(report!.reason).toBe(decision.reason);
        }
      },
    ),
    runs(300, 50_000),
  );
});
