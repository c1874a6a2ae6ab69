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

/**
 * A time to come. Whoever waits for it adds a reaction to `reached`, and so goes on in its own async context, whoever
 * has set the timer. `leave` is for those who no longer wait: with the last of them the timer is gone.
 */
export interface Tick {
  readonly reached: Promise<void>;
  leave(): void;
}

/** All who are due in the same millisecond share one timer: a timer costs more than all the rest of a retry. */
class SharedTick implements Tick {
  readonly reached: Promise<void>;
  readonly #ticks: Map<number, SharedTick>;
  readonly #key: number;
  #reach!: () => void;
  #waiting = 0;
  #dueMs = 0;
  #cancel!: () => void;

  constructor(ticks: Map<number, SharedTick>, key: number) {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#ticks = ticks;
    this.#key = key;
    ticks.set(key, this);
  }

  join(dueMs: number): this {
    this.#waiting++;
    // The latest of them: nobody is woken early.
    this.#dueMs = Math.max(this.#dueMs, dueMs);
    return this;
  }

  leave(): void {
    if (--this.#waiting > 0) return;
    this.#cancel();
    this.#close();
  }

  arm(ms: number, unref: boolean): this {
    const firesMs = performance.now() + ms;
    // Looked up at each use, and called as plain functions, as browsers want it.
    const clear = clearTimeout;
    const timer: unknown = setTimeout(() => {
      const now = performance.now();
      // Timers are early by the fraction of a millisecond they are rounded by, and the last of those who wait is due
      // by a fraction later than the first. A timer that is early by more than that is a fake one, beside a real
      // `performance` (node:test fakes no more than timers and Date): then the timer is right.
      if (now < this.#dueMs && firesMs - now <= 1) {
        this.arm(1, unref);
      } else {
        this.#close();
        this.#reach();
      }
    }, ms);
    if (unref) (timer as { unref?(): void }).unref?.();
    this.#cancel = () => clear(timer as number);
    return this;
  }

  #close(): void {
    if (this.#ticks.get(this.#key) === this) this.#ticks.delete(this.#key);
  }
}

/**
 * Ticks to come, by whether they hold the process; and what they are set with, for fake timers come and go, and take
 * theirs with them. (Those of node:test are the same `setTimeout` each time they come, but with a new `Date`.)
 */
let timers: typeof setTimeout | undefined;
let dates: typeof Date | undefined;
let held = new Map<number, SharedTick>();
let unheld = new Map<number, SharedTick>();

/** The tick `ms` (a whole number, at most `MAX_TIMER_MS`) from now, shared with all who ask for the same millisecond. */
export function sharedTick(now: number, ms: number, unref: boolean): Tick {
  if (timers !== setTimeout || dates !== Date) {
    timers = setTimeout;
    dates = Date;
    held = new Map();
    unheld = new Map();
  }
  const ticks = unref ? unheld : held;
  const key = Math.floor(now) + ms;
  return (ticks.get(key) ?? new SharedTick(ticks, key).arm(ms, unref)).join(now + ms);
}

/** The same on a clock of the caller's, which may fire early. */
export function ownTick(clock: Clock, ms: number, unref: boolean): Tick {
  const dueMs = clock.now() + ms;
  let cancel: () => void;
  const reached = new Promise<void>((resolve) => {
    const arm = (leftMs: number): void => {
      cancel = clock.setTimer(
        leftMs,
        () => {
          const earlyMs = dueMs - clock.now();
          if (earlyMs > 0) arm(Math.ceil(earlyMs));
          else resolve();
        },
        unref,
      );
    };
    arm(ms);
  });
  return { reached, leave: () => cancel() };
}

/** A reading of the clock; an object, since every call that kept a number with a fraction would put a copy on the heap. */
export interface Reading {
  readonly ms: number;
}

let reading: Reading = { ms: 0 };
let burst = 0;
/** What the end of this turn of the event loop is awaited with; a fake one may never call, and is told by that. */
let turns: typeof setImmediate | undefined;

/**
 * `performance.now()` for calls that begin one right after the other. Reading the clock costs as much as the whole of
 * an operation that succeeds at once; so a reading made within 50 µs of the one before is used for 64 more, but in this
 * turn of the event loop only (and only where turns can be told, that is, where `setImmediate` is). A clock that stands
 * still, as fake ones do, is read every time.
 */
export function burstReading(): Reading {
  if (burst > 0 && turns === setImmediate) {
    burst--;
    return reading;
  }
  return freshReading();
}

function freshReading(): Reading {
  const ms = performance.now();
  const sinceMs = ms - reading.ms;
  reading = { ms };
  if (sinceMs > 0 && sinceMs < 0.05 && typeof setImmediate === 'function') {
    burst = 64;
    endBurstWithTurn();
  }
  return reading;
}

function endBurstWithTurn(): void {
  if (turns === setImmediate) return;
  turns = setImmediate;
  setImmediate(() => {
    turns = undefined;
    burst = 0;
    reading = { ms: 0 };
  });
}

/** The time of the platform. */
export const platform: Pick<Clock, 'now' | 'wallNow'> = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
};
