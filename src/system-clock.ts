import { type Clock, platform, sharedTick } from './clock.js';

/** The time and the timers of the platform, for shells; a call of `retry` takes its ticks without the closures. */
export const systemClock: Clock = {
  ...platform,
  setTimer(ms, fn, unref) {
    const tick = sharedTick(platform.now(), ms, unref);
    let waiting = true;
    void tick.reached.then(() => waiting && fn());
    return () => {
      if (waiting) tick.leave();
      waiting = false;
    };
  },
};
