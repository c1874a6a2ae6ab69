import { show } from '../show.js';

/**
 * What a failure means:
 *
 * - `'retry'`: try again after the policy's delay.
 * - `'stop'`: do not try again.
 * - `{ retryAfterMs }`: the other side asked for this much time (a hint). The delay is never shorter, may be a little
 *   longer, and a hint above `maxRetryAfterMs` stops.
 * - `{ delayMs }`: try again after exactly this delay. It counts as a retry and obeys `maxElapsedMs`; cap, jitter, backoff
 *   and `maxRetryAfterMs` do not apply.
 *
 * Both are milliseconds >= 0. Fractions are rounded up.
 */
export type Verdict = 'retry' | 'stop' | { readonly retryAfterMs: number } | { readonly delayMs: number };

/**
 * The verdict in a value of unknown origin, as a copy that cannot change any more. Undefined for anything else, also for
 * milliseconds that are NaN or negative. Does not throw, whatever the value is.
 */
export function verdictIn(value: unknown): Verdict | undefined {
  if (value === 'retry' || value === 'stop') return value;
  if (typeof value !== 'object' || !value) return undefined;
  try {
    const { retryAfterMs, delayMs } = value as Record<string, unknown>;
    if (retryAfterMs === undefined) return isDuration(delayMs) ? { delayMs } : undefined;
    if (delayMs === undefined) return isDuration(retryAfterMs) ? { retryAfterMs } : undefined;
  } catch {
    // A getter that throws.
  }
  return undefined;
}

const isDuration = (ms: unknown): ms is number => typeof ms === 'number' && ms >= 0;

/** The hint of a verdict, if it has one. */
export const hintOf = (verdict: Verdict | undefined): number | undefined =>
  (verdict as { readonly retryAfterMs?: number } | undefined)?.retryAfterMs;

/** Keeps a promise that is refused from being an unhandled rejection, which would end the process. */
export function handled(refused: unknown): void {
  if (refused instanceof Promise) refused.catch(() => {});
}

/**
 * What a decider returned: a verdict, or undefined for the built-in rules.
 *
 * @throws TypeError for anything else: a boolean, a promise, milliseconds that are NaN or negative.
 */
export function checkVerdict(value: unknown, decider: string): Verdict | undefined {
  const verdict = verdictIn(value);
  if (value === undefined || verdict) return verdict;
  handled(value);
  throw new TypeError(
    `${decider}: got ${show(value)}; return 'retry', 'stop', { retryAfterMs: 1000 }, { delayMs: 1000 } or undefined, never a promise`,
  );
}
