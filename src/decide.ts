import { hintedDelay } from './policy/hint.js';
import { backoffDelay } from './policy/jitter.js';
import type { RetryPolicy } from './policy/policy.js';
import { type Random, unseeded } from './random.js';
import { type Verdict, verdictIn } from './verdict/verdict.js';

/** Why there is no further attempt, as far as the policy can tell. */
export type StopReason = 'not-retryable' | 'retries-exhausted' | 'hint-too-long' | 'deadline';

/** What follows a failed attempt: a retry after whole milliseconds, or a stop with its reason. */
export type Decision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly reason: StopReason };

/** What `decide` is asked about: the verdict on a failed attempt, its number (from 1), and the time since the call began. */
export interface Failure {
  readonly verdict: Verdict;
  readonly attempt: number;
  readonly elapsedMs: number;
}

/**
 * The one decision: retry after a delay, or stop with a reason. Pure, except for the draw, and total: an attempt that is
 * not a whole number >= 1 counts as the last one, an `elapsedMs` that is not >= 0 counts as 0, an unknown verdict (also
 * `{ delayMs }` with NaN or a negative number) counts as `'stop'`.
 *
 * @throws only what the caller's `random` throws.
 */
export function decide(
  policy: RetryPolicy,
  { verdict, attempt, elapsedMs }: Failure,
  random: Random = unseeded,
): Decision {
  const meant = verdictIn(verdict);
  if (!meant || meant === 'stop') return stop('not-retryable');
  const isCounted = Number.isSafeInteger(attempt) && attempt >= 1;
  if (!isCounted || attempt > policy.maxRetries) return stop('retries-exhausted');
  const { retryAfterMs, delayMs: exactMs } = meant as { retryAfterMs?: number; delayMs?: number };
  // No delay can be longer than MAX_SAFE_INTEGER, so a longer hint ("never") is too long under any policy.
  if (retryAfterMs! > Math.min(policy.maxRetryAfterMs, Number.MAX_SAFE_INTEGER)) return stop('hint-too-long');
  const delayMs =
    exactMs !== undefined
      ? Math.min(Math.ceil(exactMs), Number.MAX_SAFE_INTEGER)
      : retryAfterMs !== undefined
        ? hintedDelay(policy, attempt, random, retryAfterMs)
        : backoffDelay(policy, attempt, random);
  // Before a useless wait, not after it.
  return pastDeadline(policy, (typeof elapsedMs === 'number' && elapsedMs >= 0 ? elapsedMs : 0) + delayMs)
    ? stop('deadline')
    : { retry: true, delayMs };
}

const stop = (reason: StopReason): Decision => ({ retry: false, reason });

/** Whether an attempt that begins `beginsMs` after the start would begin at or after the deadline. */
export const pastDeadline = ({ maxElapsedMs }: RetryPolicy, beginsMs: number): boolean =>
  maxElapsedMs < Infinity && beginsMs >= maxElapsedMs;
