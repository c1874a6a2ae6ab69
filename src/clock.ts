/**
 * Time as the core reads it. One of the two doors of the core to the world outside (the other is `random.ts`); pass one
 * of your own, such as the virtual clock of `ostinato/testing`, and hours pass in milliseconds.
 */
export interface Clock {
  /** Milliseconds that never run backwards, from any origin. */
  now(): number;
  /** Milliseconds since 1970, for hints that name an instant. */
  wallNow(): number;
  /** Calls `fn` once after `ms` (a whole number, at most 2^31 - 1); `unref`: it need not keep the process alive. Returns what cancels it. */
  setTimer(ms: number, fn: () => void, unref: boolean): () => void;
}

/** A longer timer fires at once, in Node and in browsers: its length is kept in a signed 32-bit integer. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Something that waits for its time. It waits for one time at once: the fields belong to the clock. */
export interface Sleeper {
  wake(): void;
  tick: Tick | undefined;
  place: number;
}

/**
 * All who are due in the same millisecond: they share one timer, since a timer costs more than all the rest of a retry.
 * Nothing of a user's runs from here: whoever is woken resolves a promise of its own, so that the async context of the
 * call that happened to set the timer reaches nobody else.
 */
export class Tick {
  private readonly sleepers: (Sleeper | undefined)[] = [];
  private sleeping = 0;
  /** The latest time any of them is due. */
  private dueMs = 0;
  private timer: unknown;

  constructor(
    private readonly timers: Timers,
    private readonly ticks: Map<number, Tick>,
    private readonly key: number,
    private readonly unref: boolean,
  ) {}

  join(sleeper: Sleeper, dueMs: number, ms: number): void {
    sleeper.tick = this;
    sleeper.place = this.sleepers.push(sleeper) - 1;
    this.sleeping++;
    if (dueMs > this.dueMs) this.dueMs = dueMs;
    if (this.timer === undefined) this.arm(ms);
  }

  leave(sleeper: Sleeper): void {
    this.sleepers[sleeper.place] = undefined;
    sleeper.tick = undefined;
    if (--this.sleeping > 0) return;
    const { clear } = this.timers;
    clear(this.timer as number);
    this.close();
  }

  private arm(ms: number): void {
    // As a plain function: browsers refuse a `setTimeout` called as a method.
    const { set } = this.timers;
    const timer: unknown = set(() => this.fire(), ms);
    if (this.unref) (timer as { unref?(): void }).unref?.();
    this.timer = timer;
  }

  private fire(): void {
    const earlyMs = this.dueMs - performance.now();
    // Real timers may be early by the fraction of a millisecond they are rounded by. More than that is a fake timer
    // beside a real `performance` (node:test fakes no more than the timers and Date): then the timer is right.
    if (earlyMs > 0 && earlyMs <= 1) {
      this.arm(1);
      return;
    }
    this.close();
    for (const sleeper of this.sleepers) {
      if (sleeper === undefined) continue;
      sleeper.tick = undefined;
      sleeper.wake();
    }
  }

  private close(): void {
    if (this.ticks.get(this.key) === this) this.ticks.delete(this.key);
  }
}

/** The timer functions of the moment, and the ticks that were set with them. */
interface Timers {
  readonly set: typeof setTimeout;
  readonly clear: typeof clearTimeout;
  readonly held: Map<number, Tick>;
  readonly unheld: Map<number, Tick>;
}

let timers: Timers | undefined;

/** The globals are looked up at each use: fake timers may be installed, and taken away again, at any time. */
function currentTimers(): Timers {
  if (timers?.set !== setTimeout) {
    timers = { set: setTimeout, clear: clearTimeout, held: new Map(), unheld: new Map() };
  }
  return timers;
}

/** Wakes the sleeper after `ms` (a whole number, at most `MAX_TIMER_MS`), together with all who are due in the same millisecond. */
export function sleep(sleeper: Sleeper, ms: number, unref: boolean): void {
  const now = performance.now();
  const current = currentTimers();
  const ticks = unref ? current.unheld : current.held;
  const key = Math.floor(now) + ms;
  let tick = ticks.get(key);
  if (tick === undefined) ticks.set(key, (tick = new Tick(current, ticks, key, unref)));
  tick.join(sleeper, now + ms, ms);
}

/** The time and the timers of the platform. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(ms, fn, unref) {
    const sleeper: Sleeper = { wake: fn, tick: undefined, place: 0 };
    sleep(sleeper, ms, unref);
    return () => sleeper.tick?.leave(sleeper);
  },
};
