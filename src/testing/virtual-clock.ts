import { type Clock, show } from '../internal.js';
import { Turns } from './turns.js';

/** Where a virtual clock starts. */
export interface VirtualClockOptions {
  /** The date at the start, in milliseconds since 1970, for hints that name a date. Default 2000-01-01T00:00Z. */
  readonly wallMs?: number | undefined;
}

/**
 * A clock that stands still until a test moves it. Pass it to `retry` as the option `clock`: then hours of delays take
 * milliseconds. It works beside fake timers and does not touch them.
 */
export interface VirtualClock extends Clock {
  /** The number of pending timers. 0 after every call has ended. */
  readonly liveTimers: number;
  /**
   * Moves the clock by `ms` milliseconds and fires each timer on the way when it is due. Of timers due at the same
   * time, the one set first fires first. Before the first timer and after each, all promise reactions run.
   *
   * @throws RangeError if `ms` is not a finite number >= 0.
   * @throws Error after 1 000 000 timers.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves the clock from timer to timer. Without a promise it ends when no timer is left. With a promise it ends when the
   * promise has settled, and returns its result: `await clock.runAll(retry(operation, policy, { clock }))`.
   *
   * While the clock has timers, it does not wait for anything else, such as a socket or a real timer. Without timers it
   * waits until the promise settles or a timer is set.
   *
   * @throws TypeError if `until` is not a promise.
   * @throws Error after 1 000 000 timers: most likely the policy has no limit on retries.
   */
  runAll(): Promise<void>;
  runAll<T>(until: PromiseLike<T>): Promise<T>;
}

/** `advance` and `runAll` stop after this many timers, because a loop without an end would hang the test. */
const mostTimers = 1_000_000;

/** 2000-01-01T00:00Z. */
const defaultWallMs = 946_684_800_000;

/**
 * A clock that stands still until `advance` or `runAll`. `now()` starts at 0.
 *
 * @throws RangeError if `wallMs` is not a finite number.
 */
export function virtualClock({ wallMs = defaultWallMs }: VirtualClockOptions = {}): VirtualClock {
  if (!Number.isFinite(wallMs)) {
    throw new RangeError(`wallMs: got ${show(wallMs)}; expected milliseconds since 1970, such as Date.now()`);
  }
  return new ManualClock(wallMs);
}

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

class ManualClock implements VirtualClock {
  #nowMs = 0;
  /** Sorted by due time. Of timers due at the same time, the one set first stands first. */
  readonly #timers: Timer[] = [];
  /** Wake the calls of `runAll` that wait for a timer or for the end of their promise. */
  readonly #sleepers: (() => void)[] = [];

  constructor(readonly startWallMs: number) {}

  // Arrow functions, so that callers may pass them on without the clock.
  readonly now = (): number => this.#nowMs;
  readonly wallNow = (): number => this.startWallMs + this.#nowMs;
  readonly setTimer = (ms: number, fire: () => void): (() => void) => {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, ms), fire };
    const later = this.#timers.findLastIndex(({ dueMs }) => dueMs <= timer.dueMs);
    this.#timers.splice(later + 1, 0, timer);
    this.#wake();
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  };

  get liveTimers(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`advance: got ${show(ms)}; expected milliseconds, a finite number >= 0`);
    }
    const targetMs = this.#nowMs + ms;
    const isDone = (next?: Timer): boolean => !next || next.dueMs > targetMs;
    await this.#walk(isDone, 'advance', 'Does something set timers of 0 ms without end?');
    this.#nowMs = Math.max(this.#nowMs, targetMs);
  }

  runAll<T>(until?: PromiseLike<T>): Promise<T> {
    const advice = 'Does the policy have no limit on retries? Use advance(ms).';
    if (until === undefined) return this.#walk((next) => !next, 'runAll', advice) as Promise<T>;
    if (typeof (until as { then?: unknown } | null)?.then !== 'function') {
      const hint =
        typeof until === 'function' ? 'call the function' : 'pass what retry() returned, or nothing';
      return Promise.reject(new TypeError(`runAll: got ${show(until)}; expected a promise; ${hint}`));
    }
    let isSettled = false;
    const walk = this.#walk(() => isSettled, 'runAll', advice);
    const end = (): Promise<void> => {
      isSettled = true;
      this.#wake();
      return walk;
    };
    const result = Promise.resolve(until).then(
      async (value) => {
        await end();
        return value;
      },
      async (error: unknown) => {
        await end();
        throw error;
      },
    );
    // A race, because V8 follows it from the operation to the test that called runAll when it makes a stack trace.
    return Promise.race([result, walk.then(() => result)]);
  }

  /** Fires the next timer until `isDone`. Lets promise reactions run before the first timer and after each. */
  async #walk(isDone: (next?: Timer) => boolean, caller: string, advice: string): Promise<void> {
    const turns = new Turns();
    try {
      await turns.next();
      // Nothing is awaited between the check and the timer: another `advance` or `runAll` could fire it first.
      for (let fired = 0; !isDone(this.#timers[0]); await turns.next()) {
        const next = this.#timers.shift();
        if (!next) {
          // An operation or a hook may wait for something else before it sets a timer.
          turns.close();
          await new Promise<void>((resolve) => this.#sleepers.push(resolve));
          continue;
        }
        if (fired++ === mostTimers) throw new Error(`${caller}: stopped after 1 000 000 timers. ${advice}`);
        this.#nowMs = Math.max(this.#nowMs, next.dueMs);
        next.fire();
      }
    } finally {
      turns.close();
    }
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
