import { type Clock, MAX_TIMER_MS, platform } from './clock.js';

/**
 * A time to come, for all who are due in the same millisecond: a timer costs more than all the rest of a retry. Whoever
 * waits for it adds a reaction to `reached`, and so goes on in its own async context, whoever has set the timer.
 */
export interface Tick {
  readonly reached: Promise<void>;
  /** One more who waits, to be woken at `dueMs` or later. */
  join(dueMs: number): this;
  /** One who no longer waits: with the last of them the timer is gone. */
  leave(): void;
}

/**
 * Ticks to come, and what they are set with, for fake timers come and go, and take theirs with them. (Those of node:test
 * are the same `setTimeout` each time they come, but with a new `Date`.)
 */
let ticks = new Map<number, Tick>();
let clockInUse: Clock | undefined;
let timers: typeof setTimeout;
let dates: typeof Date;

/** The tick `ms` from now, shared with all who ask for the same millisecond and hold the process, or do not, alike. */
export function tickIn(ms: number, clock: Clock, nowMs: number, unref: boolean): Tick {
  if (clockInUse !== clock || timers !== setTimeout || dates !== Date) {
    clockInUse = clock;
    timers = setTimeout;
    dates = Date;
    ticks = new Map();
  }
  const dueMs = Math.floor(nowMs) + Math.ceil(ms);
  const key = unref ? -1 - dueMs : dueMs;
  let tick = ticks.get(key);
  if (!tick) ticks.set(key, (tick = newTick(ms, clock, unref, key)));
  return tick.join(nowMs + ms);
}

function newTick(inMs: number, clock: Clock, unref: boolean, key: number): Tick {
  let reach!: () => void;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  let cancel: () => void;
  let waiting = 0;
  let latestMs = 0;
  const arm = (leftMs: number, fromMs: number): void => {
    const ms = Math.min(Math.ceil(leftMs), MAX_TIMER_MS);
    const firesMs = fromMs + ms;
    const fire = (): void => {
      let nowMs = clock.now();
      // Timers are early by the fraction of a millisecond they are rounded by. One of the platform that is early by more
      // is a fake one, beside a real `performance` (node:test fakes no more than timers and Date): then the timer is right.
      if (clock === platform && firesMs - nowMs > 1) nowMs = firesMs + 0.999;
      if (nowMs < latestMs) return arm(latestMs - nowMs, nowMs);
      ticks.delete(key);
      reach();
    };
    cancel = clock.setTimer(ms, fire, unref);
  };
  arm(inMs, clock.now());
  return {
    reached,
    join(dueMs) {
      waiting++;
      // The latest of them: nobody is woken early.
      latestMs = Math.max(latestMs, dueMs);
      return this;
    },
    leave() {
      if (--waiting > 0) return;
      cancel();
      ticks.delete(key);
    },
  };
}
