import { describe, expect, test } from 'vitest';
import { presets, type RetryPolicy } from '../../src/index.js';
import { laws, type Subject, type Violation } from '../../src/testing/index.js';

const seed = { seed: 1 };

/** Doubles from 100 ms to a cap of 1 000 ms, with full jitter under the cap. Keeps every law. */
const good: Subject = {
  delay: (retry, random) => Math.round(Math.min(1_000, 100 * 2 ** (retry - 1)) * random(retry)),
  capMs: 1_000,
  baseMs: 100,
  jittered: true,
};

const broken = (change: Partial<Subject>): Subject => ({ ...good, ...change });
const found = (violation: Violation | undefined): Partial<Violation> => {
  const { law, message, retry, delay, draw } = violation!;
  return { law, message, retry, delay, ...(draw === undefined ? {} : { draw }) };
};

describe('finite', () => {
  test('finds the smallest retry whose delay is past all numbers', () => {
    const doubling = broken({ delay: (retry) => 1_000 * 2 ** (retry - 1) });
    expect(found(laws.finite(doubling, seed))).toEqual({
      law: 'finite',
      message: 'the delay is infinite',
      retry: 1_016,
      delay: Infinity,
      draw: 0,
    });
  });

  test('finds the smallest retry in a gap too wide to try one by one', () => {
    const late = broken({ delay: (retry) => (retry < 777_777 ? 1 : Infinity) });
    expect(laws.finite(late, seed)?.retry).toBe(777_777);
  });

  test('probes retries 1 023, 1 024, 1 025, 1 100 and a million', () => {
    for (const bad of [1_023, 1_024, 1_025, 1_100, 1_000_000]) {
      const once = broken({ delay: (retry) => (retry === bad ? NaN : 1) });
      expect(laws.finite(once, seed)?.retry).toBe(bad);
    }
  });

  test.each([
    ['a fraction', 0.5, 'the delay is not a whole number'],
    ['a negative delay', -1, 'the delay is negative'],
    ['NaN', NaN, 'the delay is not a number'],
  ])('finds %s', (_, delay, message) => {
    expect(found(laws.finite(broken({ delay: () => delay }), seed))).toMatchObject({
      retry: 1,
      delay,
      message,
    });
  });

  test('counts an exception, and a value that is not a number, as NaN', () => {
    const throws = broken({
      delay: () => {
        throw new Error('no');
      },
    });
    expect(laws.finite(throws, seed)?.delay).toBeNaN();
    expect(laws.finite(broken({ delay: () => '100' as unknown as number }), seed)?.delay).toBeNaN();
  });

  test('names the stream if no simple draw shows the fault', () => {
    // A simple draw is the same for every retry, and that hides this fault.
    const rare = broken({ delay: (retry, random) => (random(retry) === random(retry + 1) ? 1 : 1.5) });
    expect(laws.finite(rare, seed)).toMatchObject({ retry: 1, delay: 1.5, stream: '1:0' });
  });
});

describe('within-cap', () => {
  test('finds upward jitter on a capped delay, with the simplest draw', () => {
    const over = broken({
      delay: (retry, random) => Math.min(1_000, 100 * retry) + Math.floor(100 * random(retry)),
    });
    expect(found(laws.withinCap(over, seed))).toEqual({
      law: 'within-cap',
      message: 'the cap is 1000 ms',
      retry: 10,
      delay: 1_050,
      draw: 0.5,
    });
  });

  test('does not apply without a cap', () => {
    expect(laws.withinCap(broken({ delay: () => 1e9, capMs: undefined }), seed)).toBeUndefined();
  });
});

describe('spread-at-cap', () => {
  test('finds jitter that the cap cuts off', () => {
    const cut = broken({
      delay: (retry, random) => Math.min(1_000, Math.round(100 * 2 ** (retry - 1) * (1 + random(retry)))),
    });
    expect(laws.spreadAtCap(cut, seed)).toMatchObject({
      law: 'spread-at-cap',
      retry: 4,
      delay: 1_000,
      draw: 0.5,
    });
    expect(laws.spread(cut, seed)).toBeUndefined();
  });

  test('finds a schedule that is at its cap from the start', () => {
    expect(laws.spreadAtCap(broken({ delay: () => 1_000 }), seed)?.retry).toBe(1);
  });

  test('passes jitter that is too narrow to show in whole milliseconds', () => {
    const narrow = broken({
      delay: (retry, random) =>
        Math.round(Math.min(1_000, 100 * 2 ** (retry - 1)) * (1 - 0.0001 * random(retry))),
    });
    expect(laws.spreadAtCap(narrow, seed)).toBeUndefined();
  });

  test('uses the range that the subject claims', () => {
    const still = { ...good, delay: () => 1_000 };
    expect(laws.spreadAtCap({ ...still, range: () => ({ minMs: 990, maxMs: 1_000 }) }, seed)).toBeUndefined();
    expect(laws.spreadAtCap({ ...still, range: () => ({ minMs: 900, maxMs: 1_000 }) }, seed)?.retry).toBe(1);
  });
});

const claim = (minMs: number, maxMs: number): Violation | undefined =>
  laws.spread(
    {
      delay: (retry, random) => 200 + Math.round(600 * random(retry)),
      jittered: true,
      range: () => ({ minMs, maxMs }),
    },
    seed,
  );

const small = (width: number): Subject => ({
  delay: (retry, random) => (random(retry) < 0.5 ? 0 : width),
  jittered: true,
});

describe('spread', () => {
  test('finds a jittered subject whose delays never vary', () => {
    const still = broken({ delay: (retry) => 100 * retry, capMs: undefined });
    expect(laws.spread(still, seed)).toMatchObject({ retry: 1, delay: 100, draw: 0 });
    expect(laws.spread({ ...still, jittered: false }, seed)).toBeUndefined();
  });

  test('finds a gap in the interval, and passes a steep slope', () => {
    const split = broken({
      delay: (retry, random) => (random(retry) < 0.3 ? 0 : 600) + Math.round(400 * random(retry)),
    });
    expect(laws.spread(split, seed)).toMatchObject({
      retry: 1,
      message: 'no delay lies between 120 and 721 ms',
    });
    const steep = broken({ delay: (retry, random) => Math.round(1_000 * random(retry) ** 200) });
    expect(laws.spread(steep, seed)).toBeUndefined();
  });

  test('finds delays that stay away from an end of the claimed range, or leave it', () => {
    expect(claim(200, 800)).toBeUndefined();
    expect(claim(0, 800)?.message).toBe('the range is 0 to 800 ms, no delay is lower');
    expect(claim(200, 1_000)?.message).toBe('the range is 200 to 1000 ms, no delay is higher');
    expect(claim(300, 800)?.message).toBe('the range is 300 to 800 ms, this delay is below');
    expect(claim(200, 700)?.message).toBe('the range is 200 to 700 ms, this delay is above');
  });

  test('does not apply where the range is below 100 ms', () => {
    expect(laws.spread(small(99), seed)).toBeUndefined();
    expect(laws.spread(small(100), seed)?.retry).toBe(1);
  });
});

describe('monotone', () => {
  test('finds the first retry at which the longest delay shrinks', () => {
    const sawtooth = broken({ delay: (retry) => 10 * (retry % 1_001) });
    expect(found(laws.monotone(sawtooth, seed))).toEqual({
      law: 'monotone',
      message: 'the longest delay was 10000 ms at retry 1000',
      retry: 1_001,
      delay: 0,
      draw: 0,
    });
  });

  test('checks the shortest delay, too', () => {
    const widening = broken({ delay: (retry, random) => Math.round(100 + retry * (random(retry) - 0.5)) });
    expect(laws.monotone(widening, seed)).toMatchObject({
      message: 'the shortest delay was 100 ms at retry 1',
      retry: 2,
    });
  });

  test('does not apply to lists', () => {
    expect(
      laws.monotone(broken({ delay: (retry) => (retry === 1 ? 10 : 5), list: true }), seed),
    ).toBeUndefined();
  });
});

describe('first-is-base', () => {
  test('finds a schedule that starts one step too late', () => {
    const late = broken({ delay: (retry) => 100 * 2 ** retry });
    expect(found(laws.firstIsBase(late, seed))).toEqual({
      law: 'first-is-base',
      message: 'the base is 100 ms, and the first delay lies between 200 and 200 ms',
      retry: 1,
      delay: 200,
      draw: 0,
    });
  });

  test('allows jitter around the base, rounding, and a cap below it', () => {
    expect(laws.firstIsBase(good, seed)).toBeUndefined();
    expect(laws.firstIsBase(broken({ delay: () => 99 }), seed)).toBeUndefined();
    expect(laws.firstIsBase(broken({ delay: () => 98 }), seed)?.delay).toBe(98);
    expect(laws.firstIsBase(broken({ delay: () => 50, capMs: 50 }), seed)).toBeUndefined();
  });

  test('does not apply to lists, or without a base', () => {
    expect(laws.firstIsBase(broken({ delay: () => 5, list: true }), seed)).toBeUndefined();
    expect(laws.firstIsBase(broken({ delay: () => 5, baseMs: undefined }), seed)).toBeUndefined();
  });

  test('takes the nearer end of a jitter that leaves out 1', () => {
    const halved: RetryPolicy = { ...presets.default, jitter: [0.25, 0.5] };
    expect(laws.firstIsBase(halved, seed)).toBeUndefined();
  });
});

describe('deterministic', () => {
  test('finds a hidden counter', () => {
    let calls = 0;
    expect(laws.deterministic(broken({ delay: () => ++calls }), seed)?.message).toMatch(
      /^the same retry and draw gave \d+ ms before$/,
    );
  });

  test('finds random numbers that do not come from the draw', () => {
    const secret = broken({ delay: () => Math.random() });
    expect(laws.deterministic(secret, seed)).toMatchObject({ law: 'deterministic', retry: 1, draw: 0 });
    expect(laws.deterministic({ ...secret, ownRandom: true }, seed)).toBeUndefined();
  });
});

describe('bounded-total', () => {
  test('finds the retry at which the longest delays pass the budget', () => {
    const steady = { ...good, delay: () => 100, maxRetries: 10 };
    expect(laws.boundedTotal(steady, { ...seed, budgetMs: 1_000 })).toBeUndefined();
    expect(laws.boundedTotal(steady, { ...seed, budgetMs: 999 })).toMatchObject({
      retry: 10,
      message: 'the delays up to this retry add up to 1000 ms, the budget is 999 ms',
    });
  });

  test('takes the retries of a policy, and jitter at its longest', () => {
    expect(laws.boundedTotal(presets.default, { ...seed, budgetMs: 77_500 })).toBeUndefined();
    expect(laws.boundedTotal(presets.default, { ...seed, budgetMs: 77_499 })?.retry).toBe(5);
    expect(
      laws.boundedTotal({ ...presets.default, maxRetries: 4 }, { ...seed, budgetMs: 77_499 }),
    ).toBeUndefined();
  });

  test('does not apply without a budget', () => {
    expect(laws.boundedTotal(presets.default, seed)).toBeUndefined();
  });
});
