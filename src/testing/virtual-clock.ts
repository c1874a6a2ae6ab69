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
  /** Called once, when the next timer is set. */
  readonly #onTimer = new Set<() => void>();

  constructor(readonly startWallMs: number) {}

  // Arrow functions, so that callers may pass them on without the clock.
  readonly now = (): number => this.#nowMs;
  readonly wallNow = (): number => this.startWallMs + this.#nowMs;
  readonly setTimer = (ms: number, fire: () => void): (() => void) => {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, ms), fire };
    const later = this.#timers.findLastIndex(({ dueMs }) => dueMs <= timer.dueMs);
    this.#timers.splice(later + 1, 0, timer);
    for (const notify of this.#onTimer) notify();
    this.#onTimer.clear();
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
    const isDue = (): boolean => this.#timers.length > 0 && this.#timers[0]!.dueMs <= targetMs;
    await this.#fireWhile(isDue, 'advance', 'Does something set timers of 0 ms without end?');
    this.#nowMs = targetMs;
  }

  runAll<T>(until?: PromiseLike<T>): Promise<T> {
    const advice = 'Does the policy have no limit on retries? Use advance(ms).';
    const hasTimer = (): boolean => this.#timers.length > 0;
    if (until === undefined) return this.#fireWhile(hasTimer, 'runAll', advice) as Promise<T>;
    if (typeof (until as { then?: unknown } | null)?.then !== 'function') {
      const hint =
        typeof until === 'function' ? 'call the function' : 'pass what retry() returned, or nothing';
      return Promise.reject(new TypeError(`runAll: got ${show(until)}; expected a promise; ${hint}`));
    }
    let isSettled = false;
    let settle!: () => void;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const isIdle = (): boolean => !isSettled && !hasTimer();
    const moreToFire = async (turns: Turns): Promise<boolean> => {
      // An operation or a hook may wait for something else before it sets a timer.
      while (isIdle()) {
        turns.close();
        await Promise.race([settled, this.#nextTimer()]);
        await turns.next();
      }
      return !isSettled;
    };
    const walk = this.#fireWhile(moreToFire, 'runAll', advice);
    const end = (): Promise<void> => {
      isSettled = true;
      settle();
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

  /** Resolves when a timer is set. */
  #nextTimer(): Promise<void> {
    return new Promise((resolve) => this.#onTimer.add(resolve));
  }

  /** Fires timers while the condition holds. Lets promise reactions run before the first timer and after each. */
  async #fireWhile(
    condition: (turns: Turns) => boolean | Promise<boolean>,
    caller: string,
    advice: string,
  ): Promise<void> {
    const turns = new Turns();
    try {
      await turns.next();
      for (let fired = 0; await condition(turns); fired++) {
        if (fired === mostTimers) throw new Error(`${caller}: stopped after 1 000 000 timers. ${advice}`);
        const { dueMs, fire } = this.#timers.shift()!;
        this.#nowMs = dueMs;
        fire();
        await turns.next();
      }
    } finally {
      turns.close();
    }
  }
}
