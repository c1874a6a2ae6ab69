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
 * `node:test`: then the time of the timers counts. A timer of the platform is early by less than 1 ms, or by the steps of
 * a coarse clock. A fake timer is early by nearly its whole length, because `performance` has hardly moved.
 *
 * @param ms the length of the timer.
 * @param firesMs when the timer was to fire, on this clock.
 * @param reachedMs the time that it is then.
 */
export function followTimers(ms: number, firesMs: number, reachedMs: number): void {
  const nowMs = systemClock.now();
  if (reachedMs <= nowMs) return;
  const earlyMs = firesMs - nowMs;
  if (earlyMs > Math.max(1, ms / 2)) fake = setTimeout;
  // Of several fake timers that are due together, the first has moved the clock, and the others are hardly early.
  else if (fake !== setTimeout) return;
  // A little more, because the sum may be rounded down.
  aheadMs += reachedMs - nowMs + 0.001;
}
