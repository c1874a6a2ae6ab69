import { expect, test } from 'vitest';
import { patienceOf, within } from '../../src/queues/stop.js';
import { virtualClock } from '../../src/testing/index.js';

test('a stop waits for 30 seconds, unless another time is given', () => {
  for (const options of [undefined, null, {}, { timeoutMs: null }, { timeoutMs: undefined }]) {
    expect(patienceOf(options)).toBe(30_000);
  }
  expect([0, 5, Infinity].map((timeoutMs) => patienceOf({ timeoutMs }))).toEqual([0, 5, Infinity]);
});

test.each([NaN, -1, 0.5, '10'])('no stop waits for %s ms', (timeoutMs) => {
  expect(() => patienceOf({ timeoutMs: timeoutMs as number })).toThrow(RangeError);
});

test.each([0, 1, 30_000, 2 ** 31 + 5])('work is left after exactly %i ms, and no timer stays', async (ms) => {
  const clock = virtualClock();
  let isOver = false;
  const waiting = within(ms, new Promise(() => undefined), clock).then(() => (isOver = true));
  if (ms > 0) {
    await clock.advance(ms - 1);
    expect(isOver).toBe(false);
  }
  await clock.advance(1);
  await waiting;
  expect(clock.liveTimers).toBe(0);
});

test('work that ends, or fails, ends the wait', async () => {
  const clock = virtualClock();
  await within(Infinity, Promise.resolve(), clock);
  await within(5, Promise.resolve(), clock);
  await expect(within(5, Promise.reject(new Error('x')), clock)).rejects.toThrow('x');
  expect(clock.liveTimers).toBe(0);
});
