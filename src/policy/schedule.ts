import { show } from '../show.js';
import { nominal } from './backoff.js';
import { delayRange } from './jitter.js';
import type { RetryPolicy } from './policy.js';

/** More rows would fill the memory. */
const MOST_ROWS = 100_000;

/** One retry of a policy, everything in whole milliseconds. */
export interface ScheduleRow {
  /** Counted from 1. */
  readonly retry: number;
  /** The nominal delay, rounded, before jitter and cap: it may lie above `maxMs`. */
  readonly nominalMs: number;
  /** The shortest and the longest delay of this retry. */
  readonly minMs: number;
  readonly maxMs: number;
  /** All delays up to and including this one, at their shortest and longest. They stop growing at `Number.MAX_SAFE_INTEGER`. */
  readonly totalMinMs: number;
  readonly totalMaxMs: number;
}

/**
 * Every retry a policy can make, one row each; with `retries`, the first so many of them at the most.
 *
 * @throws RangeError if the policy has no limit on retries and `retries` is not given, if `retries` is no whole number
 *   >= 0, or if there would be more than 100 000 rows.
 */
export function schedule(policy: RetryPolicy, retries: number = policy.maxRetries): ScheduleRow[] {
  if (!(retries >= 0) || (retries !== policy.maxRetries && !Number.isInteger(retries))) {
    throw new RangeError(`retries: got ${show(retries)}; expected a whole number >= 0`);
  }
  const length = Math.min(retries, policy.maxRetries);
  if (length > MOST_ROWS) {
    throw new RangeError(
      `retries: got ${length}; expected at most ${MOST_ROWS} rows; use schedule(policy, 20) for the first 20`,
    );
  }
  const rows: ScheduleRow[] = [];
  let totalMinMs = 0;
  let totalMaxMs = 0;
  for (let retry = 1; retry <= length; retry++) {
    const { minMs, maxMs } = delayRange(policy, retry);
    totalMinMs = Math.min(totalMinMs + minMs, Number.MAX_SAFE_INTEGER);
    totalMaxMs = Math.min(totalMaxMs + maxMs, Number.MAX_SAFE_INTEGER);
    rows.push({ retry, nominalMs: Math.round(nominal(policy, retry)), minMs, maxMs, totalMinMs, totalMaxMs });
  }
  return rows;
}
