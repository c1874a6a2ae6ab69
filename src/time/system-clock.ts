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

/** A `setTimeout` that was found to be fake, beside a real `performance`. */
let fake: typeof setTimeout | undefined;

/**
 * Moves `now()` to the time at which a timer fires, if the timers are fake and `performance` is real, as with
 * `node:test`: then the time of the timers counts. A timer of the platform is early by less than 1 ms, and so is the
 * last of several that were set one after the other. One that is earlier is fake.
 *
 * @param firesMs when the timer was to fire, on this clock.
 * @param reachedMs the time that it is then.
 */
export function followTimers(firesMs: number, reachedMs: number): void {
  const nowMs = systemClock.now();
  if (reachedMs <= nowMs || (fake !== setTimeout && firesMs - nowMs <= 1)) return;
  fake = setTimeout;
  // A little more, because the sum may be rounded down.
  aheadMs += reachedMs - nowMs + 0.001;
}
