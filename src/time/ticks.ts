import { type Clock, MAX_TIMER_MS } from './clock.js';
import { followTimers, systemClock } from './system-clock.js';

/**
 * One timer for all calls that are due in the same millisecond: a timer costs more than everything else in a retry.
 *
 * Each call adds its own reaction to `reached`, and so continues in its own async context.
 */
export interface Tick {
  /** Resolves when the time has come; rejects with what the caller's clock throws. */
  readonly reached: Promise<void>;
  /** Adds a member that is due at `dueMs`. The tick comes when its last member is due, so never early. */
  join(dueMs: number): Tick;
  /** Removes a member. The last one to leave cancels the timer. Does not throw. */
  leave(): void;
}

/**
 * The ticks to come, and the timers they are set with. Fake timers are installed and removed while calls wait, and must
 * not share ticks with real ones. (`node:test` fakes with the same `setTimeout` each time, but with a new `Date`.)
 */
let ticks = new Map<number, Tick>();
let clockInUse: Clock | undefined;
let timers: typeof setTimeout;
let dates: typeof Date;

/**
 * Joins the tick that comes at `dueMs`, a time on this clock. Calls with the same clock, the same `unref` and the same
 * millisecond share it.
 *
 * @throws what the caller's clock throws.
 */
export function tickAt(dueMs: number, clock: Clock, unref?: boolean | null): Tick {
  if (clockInUse !== clock || timers !== setTimeout || dates !== Date) {
    clockInUse = clock;
    timers = setTimeout;
    dates = Date;
    ticks = new Map();
  }
  const key = Math.floor(dueMs) + (unref ? 0.5 : 0);
  return (ticks.get(key) ?? newTick(key, clock, !!unref)).join(dueMs);
}

function newTick(key: number, clock: Clock, unref: boolean): Tick {
  let members = 0;
  let latestMs = 0;
  let cancel: () => void;
  let reach: () => void;
  let fail: (error: unknown) => void;
  const shared = ticks;

  /** @param firedMs the time of the timers: `nowMs`, or when the timer before this one was to fire, if that is later. */
  const arm = (nowMs: number, firedMs: number): void => {
    const dueMs = latestMs;
    const ms = Math.min(Math.max(0, Math.ceil(dueMs - nowMs)), MAX_TIMER_MS);
    // Members that join meanwhile are due up to 1 ms later than the timer.
    cancel = clock.setTimer(ms, () => fire(ms, firedMs + ms, latestMs - dueMs), unref);
  };

  const fire = (ms: number, firesMs: number, laterMs: number): void => {
    try {
      if (clock === systemClock) followTimers(ms, firesMs, Math.min(latestMs, firesMs + laterMs));
      const nowMs = clock.now();
      // Too early: the timer was rounded down, a member that is due later has joined, or no timer can hold the delay.
      if (nowMs < latestMs) return arm(nowMs, Math.max(nowMs, firesMs));
      reach();
    } catch (error) {
      fail(error);
    }
    forget();
  };

  /** Calls that come later make a tick of their own. */
  const forget = (): void => {
    if (shared.get(key) === tick) shared.delete(key);
  };

  const tick: Tick = {
    reached: new Promise((resolve, reject) => {
      reach = resolve;
      fail = reject;
    }),
    join(dueMs) {
      latestMs = Math.max(latestMs, dueMs);
      if (!members) {
        const nowMs = clock.now();
        arm(nowMs, nowMs);
      }
      if (!members++) shared.set(key, tick);
      return tick;
    },
    leave() {
      if (--members) return;
      forget();
      try {
        cancel();
      } catch {
        // The caller's clock cannot cancel its timer: the tick comes, and has no members.
      }
    },
  };
  return tick;
}

/**
 * Calls `fn` once at `dueMs`, a time on this clock: never early, and however far it is. Returns a function that cancels
 * it.
 *
 * @throws what the caller's clock throws.
 */
export function at(dueMs: number, fn: () => void, clock: Clock, unref?: boolean | null): () => void {
  if (dueMs === Infinity) return () => {};
  const tick = tickAt(dueMs, clock, unref);
  let isWaiting = true;
  const end = (): boolean => isWaiting && !(isWaiting = false);
  const reached = (): void => {
    if (end()) fn();
  };
  // A clock that throws cannot tell the time: what it was asked to limit has had its time.
  void tick.reached.then(reached, reached);
  return () => {
    if (end()) tick.leave();
  };
}
