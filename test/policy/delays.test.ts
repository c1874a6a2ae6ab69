import { describe, expect, test } from 'vitest';
import { definePolicy, delayFor, delayRange, type PolicySpec, presets } from '../../src/index.js';

/** The first delay of the default policy, for a draw. */
const at = (draw: unknown): number => delayFor(presets.default, 1, () => draw as number);

/** The largest draw there is. */
const highest = 1 - 2 ** -53;

const delays = (spec: PolicySpec, retries: number, draw = 0): number[] => {
  const policy = definePolicy({ maxDelayMs: Infinity, jitter: 'none', ...spec });
  return Array.from({ length: retries }, (_, index) => delayFor(policy, index + 1, () => draw));
};

describe('each kind of backoff', () => {
  test.each<[PolicySpec, number[]]>([
    [{ backoff: 'constant', baseDelayMs: 100 }, [100, 100, 100, 100]],
    [{ backoff: 'linear', baseDelayMs: 100 }, [100, 200, 300, 400, 500]],
    [{ backoff: 'exponential', baseDelayMs: 100 }, [100, 200, 400, 800, 1_600]],
    [{ backoff: 'exponential', baseDelayMs: 100, factor: 1 }, [100, 100, 100]],
    [{ backoff: 'exponential', baseDelayMs: 10, factor: 1.5 }, [10, 15, 23, 34, 51]],
    [{ backoff: 'fibonacci', baseDelayMs: 100 }, [100, 100, 200, 300, 500, 800, 1_300]],
    [{ backoff: [5, 1, 30] }, [5, 1, 30, 30, 30]],
    [{ backoff: [0] }, [0, 0]],
  ])('%j', (spec, expected) => {
    expect(delays(spec, expected.length)).toEqual(expected);
  });

  test('begins with the base delay, and gives nothing from nothing', () => {
    for (const backoff of ['constant', 'linear', 'exponential', 'fibonacci', 'decorrelated'] as const) {
      expect(delays({ backoff, baseDelayMs: 7 }, 1)).toEqual([7]);
      for (const retry of [1, 2, 1_025, 1_000_000]) {
        const policy = definePolicy({ backoff, baseDelayMs: 0 });
        expect(delayFor(policy, retry, () => highest)).toBe(0);
        expect(delayRange(policy, retry)).toEqual({ minMs: 0, maxMs: 0 });
      }
    }
  });

  test('grows past all numbers without becoming anything but a whole number', () => {
    for (const backoff of ['linear', 'exponential', 'fibonacci'] as const) {
      const policy = definePolicy({ backoff, maxDelayMs: Infinity, baseDelayMs: 2 ** 40, jitter: 'none' });
      for (const retry of [1_024, 1_025, 1_100, 1_477, 1_478, 1_000_000, Number.MAX_SAFE_INTEGER]) {
        expect(delayFor(policy, retry)).toBe(
          backoff === 'linear' ? Math.min(2 ** 40 * retry, Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER,
        );
      }
    }
  });
});

describe('jitter', () => {
  test('spreads a delay over its interval', () => {
    const policy = definePolicy({ baseDelayMs: 1_000, jitter: [0.5, 1.5] });
    expect([0, 0.25, 0.5, highest].map((draw) => delayFor(policy, 1, () => draw))).toEqual([
      500, 750, 1_000, 1_500,
    ]);
    expect(delayRange(policy, 2)).toEqual({ minMs: 1_000, maxMs: 3_000 });
  });

  test('stays in its interval where numbers end', () => {
    // Here lo + (hi - lo) is more than hi, that is Infinity.
    const policy = definePolicy({ jitter: [8.41e307, Number.MAX_VALUE] });
    const { minMs, maxMs } = delayRange(policy, 1);
    expect([minMs, maxMs]).toEqual([140_347, 300_000]);
    for (const draw of [0, 0.5, highest]) expect(delayFor(policy, 1, () => draw)).toBeLessThanOrEqual(maxMs);
  });

  test('holds under the cap, and keeps its spread there', () => {
    const policy = definePolicy({ maxDelayMs: 10_000, jitter: [0.5, 2] });
    for (const retry of [3, 10, 1_025]) {
      expect(delayRange(policy, retry)).toEqual({ minMs: 2_500, maxMs: 10_000 });
      expect(delayFor(policy, retry, () => 0.5)).toBe(6_250);
    }
  });

  test('shortens a nominal delay that only its spread takes over the cap', () => {
    // 9 s would become 9 to 11.25 s.
    const policy = definePolicy({ backoff: [9_000], maxDelayMs: 10_000, jitter: [1, 1.25] });
    expect(delayRange(policy, 1)).toEqual({ minMs: 8_000, maxMs: 10_000 });
  });

  test('clamps a draw that lies outside of [0, 1)', () => {
    for (const low of [-1, -Infinity, NaN, undefined, 'x', -0]) expect(at(low)).toBe(2_000);
    for (const high of [1, 2, Infinity]) expect(at(high)).toBe(at(highest));
  });

  test('is unpredictable where no chance is given', () => {
    const seen = new Set(Array.from({ length: 50 }, () => delayFor(presets.default, 5)));
    expect(seen.size).toBeGreaterThan(10);
  });
});

describe('decorrelated', () => {
  const policy = definePolicy({ backoff: 'decorrelated', baseDelayMs: 100, maxDelayMs: 5_000 });

  test('ranges from the base delay to three times the one before, and no further than the cap', () => {
    expect([1, 2, 3, 4, 1_000_000].map((retry) => delayRange(policy, retry))).toEqual([
      { minMs: 100, maxMs: 300 },
      { minMs: 100, maxMs: 900 },
      { minMs: 100, maxMs: 2_700 },
      { minMs: 100, maxMs: 5_000 },
      { minMs: 100, maxMs: 5_000 },
    ]);
  });

  test('follows its own chain of draws', () => {
    const draws = [0.5, 0.25, 0.125];
    const random = (retry: number): number => draws[retry - 1]!;
    // 100 + 0.5·(300 − 100) · 100 + 0.25·(600 − 100) · 100 + 0.125·(675 − 100)
    expect([1, 2, 3].map((retry) => delayFor(policy, retry, random))).toEqual([200, 225, 172]);
  });

  test('clips the range and not the draw: at the cap it still spreads', () => {
    expect(delayFor(policy, 100, (retry) => (retry === 100 ? 0.5 : highest))).toBe(2_550);
  });

  test('has a base that the cap clips, and ignores the jitter', () => {
    const capped = definePolicy({ backoff: 'decorrelated', maxDelayMs: 50, jitter: 'full' });
    expect(delayRange(capped, 3)).toEqual({ minMs: 50, maxMs: 50 });
    expect(delayFor(capped, 3, () => 0)).toBe(50);
  });

  test('replays at most the last 128 draws', () => {
    const asked: number[] = [];
    delayFor(policy, 1_000_000, (retry) => {
      asked.push(retry);
      return 0.5;
    });
    expect(asked).toHaveLength(128);
    expect([Math.min(...asked), Math.max(...asked)]).toEqual([999_873, 1_000_000]);
  });
});

test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '1', 1n, Symbol('1'), undefined, null])(
  'there is no retry %o',
  (retry) => {
    const told = new RangeError(`Retries count from 1, got ${String(retry)} (${typeof retry})`);
    expect(() => delayFor(presets.default, retry as number)).toThrow(told);
    expect(() => delayRange(presets.default, retry as number)).toThrow(told);
  },
);

test('an exception of the chance passes through', () => {
  const broken = new Error('broken');
  const random = (): number => {
    throw broken;
  };
  expect(() => delayFor(presets.default, 1, random)).toThrow(broken);
});
