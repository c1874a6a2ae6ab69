import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, definePolicy, delayRange, type Verdict } from '../../src/index.js';
import { arbitraryPolicy } from '../../src/testing/fast-check.js';
import { arbitraryRandom } from '../support/arbitraries.js';
import { runs } from '../support/runs.js';

const arbitraryVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constantFrom<Verdict>('retry', 'stop'),
  fc.record({ retryAfterMs: fc.oneof(fc.nat({ max: 600_000 }), fc.constant(Infinity), fc.maxSafeNat()) }),
);
const arbitraryAttempt = fc.oneof(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1 }));
const arbitraryElapsed = fc.oneof(fc.nat({ max: 600_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));

test('a call stops for the first reason that holds, and else waits inside its limits', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy(),
      arbitraryVerdict,
      arbitraryAttempt,
      arbitraryElapsed,
      arbitraryRandom,
      (policy, verdict, attempt, elapsedMs, random) => {
        const decision = decide(policy, { verdict, attempt, elapsedMs }, random);
        const hint = typeof verdict === 'object' && 'retryAfterMs' in verdict ? verdict.retryAfterMs : 0;
        if (verdict === 'stop') expect(decision).toEqual({ retry: false, reason: 'not-retryable' });
        else if (attempt > policy.maxRetries)
          expect(decision).toEqual({ retry: false, reason: 'retries-exhausted' });
        else if (hint > Math.min(policy.maxRetryAfterMs, Number.MAX_SAFE_INTEGER))
          expect(decision).toEqual({ retry: false, reason: 'hint-too-long' });
        else if (!decision.retry) {
          expect(decision).toEqual({ retry: false, reason: 'deadline' });
          // The longest delay possible would end too late.
          const longest = Math.max(delayRange(policy, attempt).maxMs, Math.ceil(hint * 1.25));
          expect(elapsedMs + longest + 1).toBeGreaterThanOrEqual(policy.maxElapsedMs);
        } else {
          expect(elapsedMs + decision.delayMs < policy.maxElapsedMs || policy.maxElapsedMs === Infinity).toBe(
            true,
          );
          expect(decision.delayMs).toBeGreaterThanOrEqual(hint);
        }
      },
    ),
    runs(),
  );
});

test('a hint that no whole number of milliseconds reaches is too long under any policy', () => {
  const patient = definePolicy({ maxRetryAfterMs: Infinity });
  for (const retryAfterMs of [Infinity, 2 ** 53]) {
    expect(decide(patient, { verdict: { retryAfterMs }, attempt: 1, elapsedMs: 0 })).toEqual({
      retry: false,
      reason: 'hint-too-long',
    });
  }
  const longest = { retryAfterMs: Number.MAX_SAFE_INTEGER };
  expect(decide(patient, { verdict: longest, attempt: 1, elapsedMs: 0 })).toEqual({
    retry: true,
    delayMs: Number.MAX_SAFE_INTEGER,
  });
});

test('an attempt that is no whole number from 1 counts as the last one', () => {
  const arbitraryNoAttempt = fc.oneof(
    fc.anything().filter((value) => typeof value !== 'number'),
    fc.integer({ max: 0 }),
    fc.double().filter((value) => !Number.isInteger(value)),
    fc.constant(2 ** 53),
  );
  fc.assert(
    fc.property(arbitraryPolicy(), arbitraryNoAttempt, (policy, attempt) => {
      expect(decide(policy, { verdict: 'retry', attempt: attempt as number, elapsedMs: 0 })).toEqual({
        retry: false,
        reason: 'retries-exhausted',
      });
    }),
    runs(1_000, 100_000),
  );
});

test('a time that is not 0 or more counts as 0, and without a deadline no time is too long', () => {
  const policy = definePolicy({ baseDelayMs: 100, jitter: 'none', maxElapsedMs: 101 });
  const after = (elapsedMs: number, maxElapsedMs: number): boolean =>
    decide({ ...policy, maxElapsedMs }, { verdict: 'retry', attempt: 1, elapsedMs }).retry;
  for (const elapsedMs of [0, -1, -Infinity, NaN, '5', 5n, { toString: [] }, Symbol('s')]) {
    expect(after(elapsedMs as number, 101)).toBe(true);
    expect(after(elapsedMs as number, 100)).toBe(false);
  }
  expect(after(1, 101)).toBe(false);
  expect(after(Infinity, Infinity)).toBe(true);
});

test('the decision is total: whatever is passed, it says retry after whole milliseconds, or why not', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy(),
      fc.oneof(fc.anything(), arbitraryVerdict),
      fc.oneof(fc.anything(), arbitraryAttempt),
      fc.oneof(fc.anything(), arbitraryElapsed),
      fc.oneof(fc.double(), fc.constantFrom(undefined, null, 'half')),
      (policy, verdict, attempt, elapsedMs, draw) => {
        const decision = decide(policy, { verdict, attempt, elapsedMs } as never, () => draw as number);
        if (decision.retry)
          expect(Number.isSafeInteger(decision.delayMs) && decision.delayMs >= 0).toBe(true);
        else expect(decision.reason).toMatch(/^(not-retryable|retries-exhausted|hint-too-long|deadline)$/);
      },
    ),
    runs(1_000, 200_000),
  );
});

test('the same question has the same answer', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy(),
      arbitraryVerdict,
      arbitraryAttempt,
      arbitraryElapsed,
      arbitraryRandom,
      (policy, verdict, attempt, elapsedMs, random) => {
        const failure = { verdict, attempt, elapsedMs };
        expect(decide(policy, failure, random)).toEqual(decide(policy, failure, random));
      },
    ),
    runs(1_000, 200_000),
  );
});
