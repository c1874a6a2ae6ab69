import { describe, expect, test } from 'vitest';
import { definePolicy, presets, schedule } from '../../src/index.js';

describe('a schedule', () => {
  test('has a row for each retry, with the sums so far', () => {
    expect(schedule(definePolicy({ maxRetries: 3, maxDelayMs: 5_000 }))).toEqual([
      { retry: 1, nominalMs: 2_000, minMs: 2_000, maxMs: 2_500, totalMinMs: 2_000, totalMaxMs: 2_500 },
      { retry: 2, nominalMs: 4_000, minMs: 4_000, maxMs: 5_000, totalMinMs: 6_000, totalMaxMs: 7_500 },
      // The nominal delay before it is fitted under the cap.
      { retry: 3, nominalMs: 8_000, minMs: 4_000, maxMs: 5_000, totalMinMs: 10_000, totalMaxMs: 12_500 },
    ]);
  });

  test('of decorrelated delays tells the largest that can have come before as the nominal one', () => {
    const policy = definePolicy({ backoff: 'decorrelated', baseDelayMs: 10, maxDelayMs: 200, maxRetries: 4 });
    expect(schedule(policy).map(({ nominalMs, minMs, maxMs }) => [nominalMs, minMs, maxMs])).toEqual([
      [10, 10, 30],
      [30, 10, 90],
      [90, 10, 200],
      [270, 10, 200],
    ]);
  });

  test('of a policy without retries is empty', () => {
    expect(schedule(definePolicy({ maxRetries: 0 }))).toEqual([]);
  });

  test('is as long as asked for, but no longer than the policy', () => {
    expect(schedule(presets.default, 2)).toHaveLength(2);
    expect(schedule(presets.default, 0)).toEqual([]);
    expect(schedule(presets.default, 20)).toHaveLength(5);
    expect(schedule(definePolicy({ maxRetries: Infinity }), 20)).toHaveLength(20);
  });

  test('has sums that stop growing where whole numbers end', () => {
    const policy = definePolicy({ maxDelayMs: Infinity, baseDelayMs: Number.MAX_SAFE_INTEGER });
    expect(schedule(policy, 3).at(-1)).toMatchObject({
      totalMinMs: Number.MAX_SAFE_INTEGER,
      totalMaxMs: Number.MAX_SAFE_INTEGER,
    });
  });

  test('of an unlimited policy has to be told its length', () => {
    const policy = definePolicy({ maxRetries: Infinity });
    expect(() => schedule(policy)).toThrow(RangeError);
    expect(() => schedule(policy)).toThrow(
      'retries: got Infinity; expected at most 100000 rows; use schedule(policy, 20) for the first 20',
    );
    expect(() => schedule(policy, Infinity)).toThrow(RangeError);
  });

  test('has at most 100 000 rows', () => {
    const policy = definePolicy({ maxRetries: 100_001, backoff: 'constant' });
    const message =
      'retries: got 100001; expected at most 100000 rows; use schedule(policy, 20) for the first 20';
    expect(() => schedule(policy)).toThrow(new RangeError(message));
    expect(schedule(policy, 100_000)).toHaveLength(100_000);
    expect(schedule(definePolicy({ maxRetries: 100_000 })).at(-1)).toMatchObject({ retry: 100_000 });
    expect(() => schedule(definePolicy({ maxRetries: Infinity }), 100_001)).toThrow('retries: got 100001; ');
  });

  test.each([-1, 1.5, NaN, Infinity, '3', null])('has no length of %j', (length) => {
    const message = `retries: got ${typeof length === 'string' ? '"3"' : length}; expected a whole number >= 0`;
    expect(() => schedule(presets.default, length as number)).toThrow(new RangeError(message));
  });
});
