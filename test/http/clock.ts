import type { Clock } from '../../src/index.js';

/** Real time, for sockets; except that long delays are over after a moment. */
export function hurriedClock(): Clock {
  let skippedMs = 0;
  return {
    now: () => performance.now() + skippedMs,
    wallNow: () => Date.now(),
    setTimer(ms, fire) {
      const waitMs = ms > 500 ? 1 : ms;
      const timer = setTimeout(() => {
        skippedMs += ms - waitMs;
        fire();
      }, waitMs);
      return () => clearTimeout(timer);
    },
  };
}
