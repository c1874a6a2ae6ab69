import { hintedDelay } from './policy/hint.js';
import { backoffDelay } from './policy/jitter.js';
import type { RetryPolicy } from './policy/policy.js';
import { type Random, unseeded } from './random.js';
import { hintOf, isVerdict, type Verdict } from './verdict/verdict.js';

/** Why there is no further attempt, as far as the policy can tell. */
export type StopReason = 'not-retryable' | 'retries-exhausted' | 'hint-too-long' | 'deadline';

/** What follows a failed attempt: another one after whole milliseconds, or none, with the reason. */
export type Decision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly reason: StopReason };

/** What happened so far: the verdict on the attempt that failed, its number (from 1), and the time since the call began. */
export interface Failure {
  readonly verdict: Verdict;
  readonly attempt: number;
  readonly elapsedMs: number;
}

/**
 * The one decision: retry after a delay, or stop with a reason. Pure (but for the draw) and total: an attempt that is
 * no whole number >= 1 counts as the last one, an `elapsedMs` that is not >= 0 as 0, an unknown verdict as `'stop'`.
 * An exception of the caller's `random` passes through.
 */
export function decide(policy: RetryPolicy, failure: Failure, random: Random = unseeded): Decision {
  const { verdict, attempt, elapsedMs } = failure;
  const next = nextDelay(
    policy,
    settled(verdict),
    Number.isSafeInteger(attempt) && attempt >= 1 ? attempt : NaN,
    typeof elapsedMs === 'number' && elapsedMs >= 0 ? elapsedMs : 0,
    random,
  );
  return typeof next === 'number' ? { retry: true, delayMs: next } : { retry: false, reason: next };
}

/** A verdict that stays what it is: read once, and `'stop'` if it is none, or cannot be read. */
function settled(verdict: Verdict): Verdict {
  try {
    const hintMs = hintOf(verdict);
    const copy = hintMs === undefined ? verdict : { retryAfterMs: hintMs };
    return isVerdict(copy) ? copy : 'stop';
  } catch {
    return 'stop';
  }
}

/** The decision on what the loop itself has measured, and without the object around it: the delay, or the reason to stop. */
export function nextDelay(
  policy: RetryPolicy,
  verdict: Verdict,
  attempt: number,
  elapsedMs: number,
  random: Random,
): number | StopReason {
  if (verdict === 'stop') return 'not-retryable';
  // Not of a number that is none, either.
  if (!(attempt <= policy.maxRetries)) return 'retries-exhausted';
  const hintMs = hintOf(verdict);
  // What is past all whole milliseconds ("never") is too long under any policy: to wait for less would undercut it.
  if (hintMs! > Math.min(policy.maxRetryAfterMs, Number.MAX_SAFE_INTEGER)) return 'hint-too-long';
  const delayMs =
    hintMs === undefined
      ? backoffDelay(policy, attempt, random)
      : hintedDelay(policy, attempt, random, hintMs);
  // Before a useless wait, not after it.
  return pastDeadline(policy, elapsedMs + delayMs) ? 'deadline' : delayMs;
}

/** Whether an attempt that begins then would begin at or after the deadline. */
export const pastDeadline = ({ maxElapsedMs }: RetryPolicy, beginsMs: number): boolean =>
  maxElapsedMs < Infinity && beginsMs >= maxElapsedMs;
