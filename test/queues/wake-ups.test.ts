import { expect, test } from 'vitest';
import { wakeUps } from '../../src/queues/wake-ups.js';
import { virtualClock } from '../../src/testing/index.js';

function waking() {
  const clock = virtualClock();
  const woken: { atMs: number; count: number }[] = [];
  const wake = wakeUps(clock, (count) => woken.push({ atMs: clock.now(), count }));
  return { clock, wake, woken };
}

test('a wake-up comes when its time has come: never early, and at most 6 ms late', async () => {
  for (const delayMs of [0, 1, 4, 5, 17, 999, 60_001]) {
    const { clock, wake, woken } = waking();
    await clock.advance(3);
    wake.in(delayMs);
    await clock.runAll();
    expect(woken).toHaveLength(1);
    expect(woken[0]?.atMs).toBeGreaterThanOrEqual(3 + delayMs);
    expect(woken[0]?.atMs).toBeLessThanOrEqual(3 + delayMs + 6);
  }
});

test('jobs that are due together share one timer, and are counted', async () => {
  const { clock, wake, woken } = waking();
  for (let i = 0; i < 100; i++) wake.in(50);
  wake.in(500);
  expect(clock.liveTimers).toBe(2);
  await clock.runAll();
  expect(woken.map(({ count }) => count)).toEqual([100, 1]);
});

test('a time beyond what a timer can hold is left to polling', () => {
  const { clock, wake } = waking();
  wake.in(2 ** 31);
  wake.in(Number.MAX_SAFE_INTEGER);
  expect(clock.liveTimers).toBe(0);
});

test('after stop nothing wakes, and no timer is left', async () => {
  const { clock, wake, woken } = waking();
  wake.in(10);
  wake.in(1_000);
  wake.stop();
  expect(clock.liveTimers).toBe(0);
  await clock.advance(2_000);
  expect(woken).toEqual([]);
});
