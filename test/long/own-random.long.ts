import { expect, test } from 'vitest';
import { checkSchedule } from '../../src/testing/index.js';

test('of schedules that draw their own chance, hundreds of lawful ones are acquitted', () => {
  const acquitted = Array.from({ length: 200 }, (_, index) => {
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
  expect(acquitted.flat()).toEqual([]);
});
