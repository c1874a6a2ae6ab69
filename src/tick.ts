import { type Clock, MAX_TIMER_MS, platform } from './clock.js';

/**
 * A time to come, for all who are due in the same millisecond: a timer costs more than all the rest of a retry. Whoever
 * waits for it adds a reaction to `reached`, and so goes on in its own async context, whoever has set the timer.
 */
export class Tick {
  #reach!: () => void;
  readonly reached: Promise<void> = new Promise((resolve) => (this.#reach = resolve));
  #cancel!: () => void;
  readonly #key: number;
  #waiting = 0;
  #latestMs = 0;

  constructor(key: number) {
    this.#key = key;
    ticks.set(key, this);
  }

  /** One more who waits, to be woken at `dueMs` or later. */
  join(dueMs: number): this {
    this.#waiting++;
    // The latest of them: nobody is woken early.
    this.#latestMs = Math.max(this.#latestMs, dueMs);
    return this;
  }

  /** One who no longer waits: with the last of them the timer is gone. */
  leave(): void {
    if (--this.#waiting > 0) return;
    this.#cancel();
    ticks.delete(this.#key);
  }

  /** Sets the timer, and sets it again as long as it fires before the last of them is due. */
  arm(leftMs: number, fromMs: number, clock: Clock, unref: boolean): this {
    const ms = Math.min(Math.ceil(leftMs), MAX_TIMER_MS);
    const firesMs = fromMs + ms;
    const fire = (): void => {
      let nowMs = clock.now();
      // Timers are early by the fraction of a millisecond they are rounded by. One of the platform that is early by more
      // is a fake one, beside a real `performance` (node:test fakes no more than timers and Date): then the timer is right.
      if (clock === platform && firesMs - nowMs > 1) nowMs = firesMs + 0.999;
      if (nowMs < this.#latestMs) {
        this.arm(this.#latestMs - nowMs, nowMs, clock, unref);
      } else {
        ticks.delete(this.#key);
        this.#reach();
      }
    };
    this.#cancel = clock.setTimer(ms, fire, unref);
    return this;
  }
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
  const key = unref ? dueMs + 0.5 : dueMs;
  const tick = ticks.get(key) ?? new Tick(key).arm(ms, clock.now(), clock, unref);
  return tick.join(nowMs + ms);
}
