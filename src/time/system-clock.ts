import type { Clock } from './clock.js';

/** How far the timers are ahead of `performance`. It stays 0 unless a test fakes the timers and not `performance`. */
let aheadMs = 0;

/**
 * The clock of the platform. It looks up every global at each use, because fake timers replace them at any time. It
 * calls the globals as plain functions, because browsers refuse them as methods of another object.
 */
export const systemClock: Clock = {
  now: () => performance.now() + aheadMs,
  wallNow: () => Date.now(),
  setTimer(ms, fn, unref) {
    const clear = clearTimeout;
    const timer: unknown = setTimeout(fn, ms);
    if (unref) (timer as { unref?(): void }).unref?.();
    return () => clear(timer as number);
  },
};

/**
 * Moves `now()` to the time at which a timer fires. A timer of the platform is early by less than 1 ms. One that is
 * earlier is fake and `performance` is real, as with `node:test`: then the time of the timers counts.
 *
 * @param latestMs what the timer was set for, less than 1 ms later.
 */
export function followTimers(firesMs: number, latestMs: number): void {
  const nowMs = systemClock.now();
  if (firesMs - nowMs > 1) aheadMs += Math.min(latestMs, firesMs + 1) - nowMs;
}
