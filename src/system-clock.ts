import { type Clock, platform } from './clock.js';
import { tickIn } from './tick.js';

/** The time and the timers of the platform, for shells: shared, and never early. */
export const systemClock: Clock = {
  ...platform,
  setTimer(ms, fn, unref) {
    const tick = tickIn(ms, platform, platform.now(), unref);
    let waiting = true;
    void tick.reached.then(() => waiting && fn());
    return () => {
      if (waiting) tick.leave();
      waiting = false;
    };
  },
};
