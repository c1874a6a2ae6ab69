import { describe, expect, test } from 'vitest';
import { decide, definePolicy, type Failure, presets, seeded, type Verdict } from '../src/index.js';

/** Delays of exactly 100, 200, 400, … ms. */
const policy = definePolicy({ maxRetries: 5, baseDelayMs: 100, jitter: 'none', maxRetryAfterMs: 5_000 });

/** A failure that is worth a retry, but for what a test says of it. */
const failure = (given: { [Key in keyof Failure]?: unknown } = {}): Failure =>
  ({ verdict: 'retry', attempt: 1, elapsedMs: 0, ...given }) as Failure;

const highest = 1 - 2 ** -53;

describe('the decision', () => {
  test('is to retry after the delay of the attempt that failed', () => {
    for (const [attempt, delayMs] of [
      [1, 100],
      [2, 200],
      [5, 1_600],
    ])
      expect(decide(policy, failure({ attempt }))).toEqual({ retry: true, delayMs });
  });

  test('is the same for the same draw', () => {
    const question = failure({ attempt: 3, verdict: { retryAfterMs: 2_000 } });
    expect(decide(presets.default, question, seeded(1))).toEqual(
      decide(presets.default, question, seeded(1)),
    );
  });

  test('draws for the retry that follows, by its number', () => {
    const asked: number[] = [];
    decide(presets.default, failure({ attempt: 4 }), (retry) => {
      asked.push(retry);
      return 0;
    });
    expect(asked).toEqual([4]);
  });
});

const hopeless = definePolicy({ maxRetries: 2, maxRetryAfterMs: 1_000, maxElapsedMs: 10_000 });
const reasonOf = (given: Parameters<typeof failure>[0]): unknown => decide(hopeless, failure(given));

describe('the reasons to stop', () => {
  const tooLong: Verdict = { retryAfterMs: 1_001 };

  test('come in their order: the verdict, the count, the hint, the time', () => {
    // Everything speaks against a retry, then one thing less each time.
    expect(reasonOf({ verdict: 'stop', attempt: 3, elapsedMs: 1e9 })).toEqual({
      retry: false,
      reason: 'not-retryable',
    });
    expect(reasonOf({ verdict: tooLong, attempt: 3, elapsedMs: 1e9 })).toEqual({
      retry: false,
      reason: 'retries-exhausted',
    });
    expect(reasonOf({ verdict: tooLong, attempt: 2, elapsedMs: 1e9 })).toEqual({
      retry: false,
      reason: 'hint-too-long',
    });
    expect(reasonOf({ attempt: 2, elapsedMs: 1e9 })).toEqual({ retry: false, reason: 'deadline' });
    expect(reasonOf({ attempt: 2 })).toMatchObject({ retry: true });
  });

  test('retries-exhausted: after maxRetries + 1 attempts', () => {
    expect(decide(policy, failure({ attempt: 5 })).retry).toBe(true);
    expect(decide(policy, failure({ attempt: 6 }))).toEqual({ retry: false, reason: 'retries-exhausted' });
    const never = definePolicy({ maxRetries: 0 });
    expect(decide(never, failure())).toEqual({ retry: false, reason: 'retries-exhausted' });
    const always = definePolicy({ maxRetries: Infinity });
    expect(decide(always, failure({ attempt: Number.MAX_SAFE_INTEGER })).retry).toBe(true);
  });

  test('hint-too-long: a hint that is longer than maxRetryAfterMs, not one that is as long', () => {
    expect(decide(policy, failure({ verdict: { retryAfterMs: 5_000 } }))).toEqual({
      retry: true,
      delayMs: 5_000,
    });
    expect(decide(policy, failure({ verdict: { retryAfterMs: 5_000.5 } }))).toEqual({
      retry: false,
      reason: 'hint-too-long',
    });
    const deaf = definePolicy({ maxRetryAfterMs: 0 });
    expect(decide(deaf, failure({ verdict: { retryAfterMs: 0 } })).retry).toBe(true);
    expect(decide(deaf, failure({ verdict: { retryAfterMs: 1 } })).retry).toBe(false);
  });

  test('deadline: an attempt that would begin at maxElapsedMs, before the useless wait', () => {
    const hurried = definePolicy({ maxElapsedMs: 1_000 }, policy);
    expect(decide(hurried, failure({ elapsedMs: 899 }))).toEqual({ retry: true, delayMs: 100 });
    expect(decide(hurried, failure({ elapsedMs: 900 }))).toEqual({ retry: false, reason: 'deadline' });
    expect(decide(hurried, failure({ elapsedMs: 5_000 }))).toEqual({ retry: false, reason: 'deadline' });
    expect(decide(policy, failure({ elapsedMs: Infinity })).retry).toBe(true);
  });

  test('deadline: also where a hint makes the wait too long', () => {
    const hurried = definePolicy({ maxElapsedMs: 1_000 }, policy);
    expect(decide(hurried, failure({ verdict: { retryAfterMs: 1_000 } }))).toEqual({
      retry: false,
      reason: 'deadline',
    });
  });
});

describe('the decision is total', () => {
  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '1', undefined, null, {}])(
    'attempt %j is the last one',
    (attempt) => {
      expect(decide(definePolicy({ maxRetries: Infinity }), failure({ attempt }))).toEqual({
        retry: false,
        reason: 'retries-exhausted',
      });
    },
  );

  test.each<unknown>([NaN, -1, -Infinity, undefined, null, 'x', '5000', {}, 5_000n, { toString: [] }])(
    'elapsedMs %o is 0',
    (elapsedMs) => {
      const hurried = definePolicy({ maxElapsedMs: 101 }, policy);
      expect(decide(hurried, failure({ elapsedMs }))).toEqual({ retry: true, delayMs: 100 });
      const tooHurried = definePolicy({ maxElapsedMs: 100 }, policy);
      expect(decide(tooHurried, failure({ elapsedMs }))).toEqual({ retry: false, reason: 'deadline' });
    },
  );

  test.each([
    undefined,
    null,
    true,
    false,
    'Retry',
    '',
    5,
    {},
    [],
    { retryAfterMs: -1 },
    { retryAfterMs: NaN },
    { retryAfterMs: '5' },
    Promise.resolve('retry'),
  ])('verdict %j is no reason to retry', (verdict) => {
    expect(decide(policy, failure({ verdict }))).toEqual({ retry: false, reason: 'not-retryable' });
  });

  test('a hint that cannot be read is no reason to retry', () => {
    const verdict = {
      get retryAfterMs() {
        throw new Error('a getter');
      },
    };
    expect(decide(policy, failure({ verdict }))).toEqual({ retry: false, reason: 'not-retryable' });
  });

  test('a hint is read once', () => {
    let reads = 0;
    const verdict = {
      get retryAfterMs() {
        return ++reads === 1 ? 5_000 : NaN;
      },
    };
    expect(decide(policy, failure({ verdict }))).toEqual({ retry: true, delayMs: 5_000 });
  });

  test.each<[unknown, number]>([
    [-1, 2_000],
    [NaN, 2_000],
    [-Infinity, 2_000],
    [undefined, 2_000],
    ['0.5', 2_250],
    [1n, 2_500],
    [1, 2_500],
    [7, 2_500],
    [Infinity, 2_500],
  ])('a draw of %o gives %i ms', (draw, delayMs) => {
    expect(decide(presets.default, failure(), () => draw as number)).toEqual({ retry: true, delayMs });
  });

  test('but for an exception of the chance, which passes through', () => {
    const broken = new Error('broken');
    const random = (): number => {
      throw broken;
    };
    expect(() => decide(presets.default, failure(), random)).toThrow(broken);
  });
});

/** The delay for a hint, with jitter [lo, hi], a nominal delay of 1 s and a draw. */
const hinted = (
  retryAfterMs: number,
  jitter: [number, number],
  draw: number,
  maxDelayMs = 300_000,
): number => {
  const spread = definePolicy({
    baseDelayMs: 1_000,
    jitter,
    maxDelayMs,
    maxRetryAfterMs: Infinity,
  });
  const decision = decide(spread, failure({ verdict: { retryAfterMs } }), () => draw);
  return decision.retry ? decision.delayMs : NaN;
};

describe('a hint', () => {
  test('is a floor: no delay is shorter', () => {
    expect(hinted(10_000, [1, 1.25], 0)).toBe(10_000);
    expect(hinted(10_000, [0, 1], 0)).toBe(10_000);
  });

  test('is spread upward by the width of the jitter, a quarter at the most', () => {
    expect(hinted(10_000, [1, 1.25], highest)).toBe(12_500);
    expect(hinted(10_000, [1, 1.1], highest)).toBe(11_000);
    expect(hinted(10_000, [0, 1], highest)).toBe(12_500);
    expect(hinted(10_000, [0, 1], 0.5)).toBe(11_250);
    expect(hinted(10_000, [1, 1], highest)).toBe(10_000);
  });

  test('of 0, or in the past, leaves the own backoff as it is', () => {
    for (const draw of [0, 0.3, highest])
      expect(hinted(0, [1, 1.25], draw)).toBe(Math.ceil(1_000 + draw * 250));
  });

  test('between the ends of the own delay lifts its lower end only', () => {
    // The own delay lies in [0, 2 000], the hint in [500, 625].
    expect(hinted(500, [0, 2], 0)).toBe(500);
    expect(hinted(500, [0, 2], highest)).toBe(2_000);
    expect(hinted(500, [0, 2], 0.5)).toBe(1_250);
  });

  test('is the only thing that lifts a delay over the cap', () => {
    expect(hinted(10_000, [1, 1.25], highest, 2_000)).toBe(12_500);
    expect(hinted(1_000, [1, 1.25], highest, 1_000)).toBe(1_250);
    expect(hinted(10, [1, 1.25], highest, 1_000)).toBe(1_000);
  });

  test('that is a fraction is rounded up', () => {
    expect(hinted(10_000.001, [1, 1], 0)).toBe(10_001);
  });

  test('stays a whole number where numbers end', () => {
    expect(hinted(Number.MAX_SAFE_INTEGER, [1, 1.25], highest)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('of a decorrelated delay is spread by a quarter, whatever its jitter says', () => {
    const decorrelated = definePolicy({ backoff: 'decorrelated', jitter: 'none', maxRetryAfterMs: Infinity });
    const question = failure({ verdict: { retryAfterMs: 100_000 } });
    expect(decide(decorrelated, question, () => 0)).toEqual({ retry: true, delayMs: 100_000 });
    expect(decide(decorrelated, question, () => highest)).toEqual({ retry: true, delayMs: 125_000 });
    // Its own range is [2 000, 6 000].
    expect(decide(decorrelated, failure({ verdict: { retryAfterMs: 0 } }), () => 0.5)).toEqual({
      retry: true,
      delayMs: 4_000,
    });
  });
});
