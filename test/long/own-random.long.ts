import { expect, test } from 'vitest';
import { checkSchedule } from '../../src/testing/index.js';

test('hundreds of schedules that draw their own random numbers and keep the laws pass', () => {
  const violations = Array.from({ length: 200 }, (_, index) => {
    // From full jitter to nearly none.
    const lo = index / 250;
    return checkSchedule({
      delay: (retry) =>
        Math.round(Math.min(10_000, 100 * 2 ** (retry - 1)) * (lo + (1 - lo) * Math.random())),
      capMs: 10_000,
      baseMs: 100,
      jittered: true,
      ownRandom: true,
    }).violations;
  });
  expect(violations.flat()).toEqual([]);
});
