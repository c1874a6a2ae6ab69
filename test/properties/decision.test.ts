import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decide,
  type Decision,
  definePolicy,
  delayFor,
  delayRange,
  type Failure,
  type Random,
  type RetryPolicy,
  type Verdict,
} from '../../src/index.js';
import { arbitraryPolicy } from '../../src/testing/fast-check.js';
import { arbitraryDraw, arbitraryRandom } from '../support/arbitraries.js';
import { runs } from '../support/runs.js';

/** Laws of `decide`. None of them says how it decides: each compares answers, or knows the answer by how the case is made. */

const most = Number.MAX_SAFE_INTEGER;

const arbitraryMs = fc.oneof(
  fc.nat({ max: 600_000 }),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.maxSafeNat(),
  fc.constant(Infinity),
);
const arbitraryVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constantFrom<Verdict>('retry', 'retry', 'stop'),
  arbitraryMs.map((retryAfterMs) => ({ retryAfterMs })),
  arbitraryMs.map((delayMs) => ({ delayMs })),
);
const arbitraryAttempt = fc.oneof(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1 }));
const arbitraryElapsed = fc.oneof(fc.nat({ max: 600_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));

interface Question {
  readonly policy: RetryPolicy;
  readonly failure: Failure;
  readonly random: Random;
}
const arbitraryQuestion: fc.Arbitrary<Question> = fc.record({
  policy: arbitraryPolicy(),
  failure: fc.record({ verdict: arbitraryVerdict, attempt: arbitraryAttempt, elapsedMs: arbitraryElapsed }),
  random: arbitraryRandom,
});

const ask = ({ policy, failure, random }: Question, changes: Partial<RetryPolicy> = {}): Decision =>
  decide({ ...policy, ...changes }, failure, random);

/** The question without anything that could stop the retry, other than its verdict. */
const unlimited = { maxRetries: Infinity, maxElapsedMs: Infinity, maxRetryAfterMs: Infinity };

const law = (name: string, holds: (question: Question) => void, usual = 1_000, long = 200_000): void => {
  test(name, () => fc.assert(fc.property(arbitraryQuestion, holds), runs(usual, long)));
};

describe('the same question', () => {
  law('has the same answer', (question) => {
    expect(ask(question)).toEqual(ask(question));
  });

  law('is not changed by asking', (question) => {
    const { failure } = question;
    Object.freeze(failure);
    if (typeof failure.verdict === 'object') Object.freeze(failure.verdict);
    ask(question);
  });
});

describe('a limit decides whether there is a retry, and never how long its delay is', () => {
  law('with more retries, time and patience for hints, a retry stays what it is', (question) => {
    const decision = ask(question);
    if (decision.retry) expect(ask(question, unlimited)).toEqual(decision);
  });

  test.each(['maxRetries', 'maxElapsedMs', 'maxRetryAfterMs'] as const)('%s', (limit) => {
    fc.assert(
      fc.property(arbitraryQuestion, arbitraryMs, (question, raised) => {
        const before = ask(question);
        const after = ask(question, { [limit]: Math.max(question.policy[limit], raised) });
        if (before.retry) expect(after).toEqual(before);
      }),
      runs(1_000, 200_000),
    );
  });

  law('maxElapsedMs stops exactly the retries that would begin at it or after it', (question) => {
    const { maxElapsedMs } = question.policy;
    const timeless = ask(question, { maxElapsedMs: Infinity });
    if (!timeless.retry) expect(ask(question)).toEqual(timeless);
    else if (maxElapsedMs === Infinity || question.failure.elapsedMs + timeless.delayMs < maxElapsedMs)
      expect(ask(question)).toEqual(timeless);
    else expect(ask(question)).toEqual({ retry: false, reason: 'deadline' });
  });

  law('the time that has passed stops, and changes nothing else', (question) => {
    const later = { ...question.failure, elapsedMs: question.failure.elapsedMs * 2 + 1 };
    const [now, then] = [ask(question), ask({ ...question, failure: later })];
    if (!now.retry) expect(then).toEqual(now);
    else if (then.retry) expect(then).toEqual(now);
    else expect(then.reason).toBe('deadline');
  });

  law('of the other keys, attemptTimeoutMs and retryStatuses change nothing', (question) => {
    expect(ask(question, { attemptTimeoutMs: 1, retryStatuses: [] })).toEqual(ask(question));
  });
});

describe('the reason is the first that holds, in every combination', () => {
  const arbitraryBooleans = fc.record({
    isPermanent: fc.boolean(),
    isUsedUp: fc.boolean(),
    isTooLong: fc.boolean(),
    isTooLate: fc.boolean(),
  });

  test('verdict, count, hint, time', () => {
    fc.assert(
      fc.property(
        arbitraryBooleans,
        arbitraryPolicy({ timeless: true }),
        fc.integer({ min: 1, max: 1_000 }),
        fc.nat({ max: 1_000_000 }),
        arbitraryRandom,
        ({ isPermanent, isUsedUp, isTooLong, isTooLate }, base, attempt, hintMs, random) => {
          // Made so that each reason holds or does not.
          const policy = {
            ...base,
            maxRetries: isUsedUp ? attempt - 1 : attempt,
            maxRetryAfterMs: hintMs,
            maxElapsedMs: isTooLate ? 5 : Infinity,
          };
          const hint = isTooLong ? { retryAfterMs: hintMs + 1 } : { retryAfterMs: hintMs };
          const verdict: Verdict = isPermanent ? 'stop' : hint;
          const decision = decide(policy, { verdict, attempt, elapsedMs: 5 }, random);
          const reason = isPermanent
            ? 'not-retryable'
            : isUsedUp
              ? 'retries-exhausted'
              : isTooLong
                ? 'hint-too-long'
                : isTooLate
                  ? 'deadline'
                  : undefined;
          if (reason) expect(decision).toEqual({ retry: false, reason });
          else expect(decision.retry).toBe(true);
        },
      ),
      runs(1_000, 200_000),
    );
  });
});

describe('a delay', () => {
  law('without a hint is that of delayFor, in its range', ({ policy, failure, random }) => {
    const { attempt } = failure;
    const decision = decide({ ...policy, ...unlimited }, { verdict: 'retry', attempt, elapsedMs: 0 }, random);
    const { minMs, maxMs } = delayRange(policy, attempt);
    expect(decision).toEqual({ retry: true, delayMs: delayFor(policy, attempt, random) });
    expect(decision.retry && decision.delayMs >= minMs && decision.delayMs <= maxMs).toBe(true);
  });

  test('with a hint is never shorter than the hint, and longer than both ranges never', () => {
    fc.assert(
      fc.property(
        arbitraryQuestion,
        fc.double({ min: 0, max: most, noNaN: true }),
        (question, retryAfterMs) => {
          const { policy, failure, random } = question;
          const hinted = { ...failure, verdict: { retryAfterMs } };
          const decision = decide({ ...policy, ...unlimited }, hinted, random);
          const longest = Math.max(
            delayRange(policy, failure.attempt).maxMs + 1,
            Math.min(Math.ceil(retryAfterMs * 1.25), most),
          );
          expect(decision.retry).toBe(true);
          expect(decision.retry && decision.delayMs >= retryAfterMs && decision.delayMs <= longest).toBe(
            true,
          );
        },
      ),
      runs(1_000, 200_000),
    );
  });

  test('does not get shorter when the other side asks for more', () => {
    fc.assert(
      fc.property(
        arbitraryQuestion,
        fc.nat({ max: 1e9 }),
        fc.nat({ max: 1e9 }),
        arbitraryDraw,
        (question, a, b, u) => {
          const [shortMs, longMs] = [Math.min(a, b), Math.max(a, b)];
          const [short, long] = [shortMs, longMs].map((retryAfterMs) =>
            decide(
              { ...question.policy, ...unlimited },
              { ...question.failure, verdict: { retryAfterMs } },
              () => u,
            ),
          ) as [Decision, Decision];
          expect(short.retry && long.retry && short.delayMs <= long.delayMs).toBe(true);
        },
      ),
      runs(1_000, 200_000),
    );
  });
});

/** A test of this many cases takes no matcher for each of them. */
const mustBe = (holds: boolean, cases: unknown): void => {
  if (!holds) throw new Error(`does not hold for ${fc.stringify(cases)}`);
};

const noDraw = (): never => {
  throw new Error('drawn');
};

describe('an exact delay', () => {
  test('is min(ceil(delayMs), 2^53 - 1) under every policy and draw, while there are retries and time', () => {
    fc.assert(
      fc.property(arbitraryQuestion, arbitraryMs, (question, exactMs) => {
        const { policy, random } = question;
        const failure = { ...question.failure, verdict: { delayMs: exactMs } };
        const delayMs = Math.min(Math.ceil(exactMs), most);
        const decision = decide(policy, failure, random);
        const isInTime =
          policy.maxElapsedMs === Infinity || failure.elapsedMs + delayMs < policy.maxElapsedMs;
        if (failure.attempt > policy.maxRetries)
          mustBe(!decision.retry && decision.reason === 'retries-exhausted', [policy, failure]);
        else if (isInTime) mustBe(decision.retry && decision.delayMs === delayMs, [policy, failure]);
        else mustBe(!decision.retry && decision.reason === 'deadline', [policy, failure]);
      }),
      runs(2_000, 1_000_000),
    );
  });

  test('is the same under two policies that share only count and time, and takes no draw', () => {
    fc.assert(
      fc.property(
        arbitraryQuestion,
        arbitraryPolicy(),
        arbitraryMs,
        ({ policy, failure }, other, delayMs) => {
          const { maxRetries, maxElapsedMs } = policy;
          const exact = { ...failure, verdict: { delayMs } };
          expect(decide({ ...other, maxRetries, maxElapsedMs }, exact, noDraw)).toEqual(
            decide(policy, exact, noDraw),
          );
        },
      ),
      runs(1_000, 200_000),
    );
  });

  test('that is NaN, negative, no number, or beside a hint is not worth a retry', () => {
    const wrong = fc.oneof(
      fc.constantFrom(NaN, -1, -Infinity, -Number.MIN_VALUE, null, '5', true, {}, 5n),
      fc.double({ max: -1e-9, noNaN: true }),
    );
    const arbitraryWrong = fc.oneof(
      wrong.map((delayMs) => ({ delayMs })),
      wrong.map((retryAfterMs) => ({ retryAfterMs })),
      fc.tuple(fc.oneof(wrong, arbitraryMs), fc.oneof(wrong, arbitraryMs)).map(([delayMs, retryAfterMs]) => ({
        delayMs,
        retryAfterMs,
      })),
    );
    fc.assert(
      fc.property(arbitraryQuestion, arbitraryWrong, ({ policy, failure, random }, verdict) => {
        expect(decide(policy, { ...failure, verdict: verdict as never }, random)).toEqual({
          retry: false,
          reason: 'not-retryable',
        });
      }),
      runs(1_000, 200_000),
    );
  });
});

test('a hint that no whole number of milliseconds reaches is too long under any policy', () => {
  const patient = definePolicy({ maxRetryAfterMs: Infinity });
  for (const retryAfterMs of [Infinity, 2 ** 53]) {
    expect(decide(patient, { verdict: { retryAfterMs }, attempt: 1, elapsedMs: 0 })).toEqual({
      retry: false,
      reason: 'hint-too-long',
    });
  }
  const longest = { retryAfterMs: most };
  expect(decide(patient, { verdict: longest, attempt: 1, elapsedMs: 0 })).toEqual({
    retry: true,
    delayMs: most,
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
