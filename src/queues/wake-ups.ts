import { type Clock, MAX_TIMER_MS } from '../internal.js';

/** Due times this close together share one timer. A wake-up is up to this much late, and never early. */
const TICK_MS = 5;

/** Nobody sets a timer for a job that far away (24 days): polling finds it. */
const HORIZON_MS = MAX_TIMER_MS - TICK_MS;

/** Timers for jobs that fall due: hosts poll, and a job that is due between two polls would wait for the next one. */
export interface WakeUps {
  /** A job falls due in `delayMs`. */
  in(delayMs: number): void;
  /** No further wake-up. */
  stop(): void;
}

/**
 * Calls `wake` with the number of jobs that have fallen due. The timers keep no process alive and are lost with it: then
 * the host's own polling finds the jobs, late but not lost.
 */
export function wakeUps(clock: Clock, wake: (count: number) => void): WakeUps {
  const ticks = new Map<number, { count: number; readonly cancel: () => void }>();
  return {
    in(delayMs) {
      if (delayMs >= HORIZON_MS) return;
      const nowMs = clock.now();
      const tick = Math.ceil((nowMs + delayMs + 1) / TICK_MS) * TICK_MS;
      const waiting = ticks.get(tick);
      if (waiting) {
        waiting.count += 1;
        return;
      }
      const ring = (): void => {
        const due = ticks.get(tick);
        ticks.delete(tick);
        if (due) wake(due.count);
      };
      ticks.set(tick, { count: 1, cancel: clock.setTimer(tick - nowMs, ring, true) });
    },
    stop() {
      for (const { cancel } of ticks.values()) cancel();
      ticks.clear();
    },
  };
}
