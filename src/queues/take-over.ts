import { decide } from '../index.js';
import type { Run } from './run.js';
import type { ErrorData } from './error.js';
import { tell } from './tell.js';
import type { DeadReason } from './types.js';

/** What the store knows about the attempt before the coming one. */
export interface Before {
  /** Whether a worker decided on a retry after that attempt, and recorded the decision. */
  readonly isDecided: boolean;
  /** How many attempts in a row, up to that attempt, were lost with their workers and are not reported yet. */
  readonly lost: number;
}

/** Before a first attempt, and after a decision that is recorded. */
export const DECIDED: Before = { isDecided: true, lost: 0 };

/** What a worker knows that has taken a job over. */
export interface TakeOver {
  /** Why the job must not run. Undefined: the job runs. */
  readonly over: DeadReason | undefined;
  /** What `onAttempt` threw, by the number of the attempt whose row keeps it. */
  readonly hookErrors: ReadonlyMap<number, ErrorData>;
}

/** Most lost attempts that are reported at once. After an outage a store may have counted thousands of claims. */
const MOST_REPORTS = 20;

/**
 * What comes before each attempt: reports the attempts that were lost, and finds whether the job may run. If not, reports
 * its death. Does not reject.
 */
export async function takeOver<Job>(run: Run<Job>, before: Before): Promise<TakeOver> {
  const hookErrors = new Map<number, ErrorData>();
  const report = async (attempt: number, outcome: 'stalled' | 'dead', reason?: DeadReason): Promise<void> => {
    const { maxRetries } = run.policy;
    const elapsedMs = Math.max(0, Math.round(run.elapsedMs()));
    const hookError = await tell(run, { outcome, attempt, maxRetries, elapsedMs, ...(reason && { reason }) });
    if (hookError) hookErrors.set(attempt, hookError);
  };

  const last = run.attempt - 1;
  const first = Math.max(1, run.attempt - Math.min(before.lost, MOST_REPORTS));
  const lost = Array.from({ length: run.attempt - first }, (_, index) => first + index);
  await Promise.all(lost.map((attempt) => report(attempt, 'stalled')));
  const over = deadReason(run, before);
  if (over) await report(last, 'dead', over);
  return { over, hookErrors };
}

/**
 * Why a job must not run: after crashes its attempts may be used up (`stalled`), or its deadline has passed. The first
 * attempt always runs.
 *
 * A retry that a worker has decided on is not decided again: `policyFor` may have chosen another policy for it. A lost
 * attempt has no error to choose by, so the policy of the queue holds. The deadline always counts. The policy is asked
 * with a cap of 0, because the delay is over: a lost job is taken over without one, any other has waited.
 */
function deadReason<Job>(
  { attempt, policy, elapsedMs }: Run<Job>,
  { isDecided }: Before,
): DeadReason | undefined {
  if (attempt <= 1) return undefined;
  const next = decide(
    { ...policy, maxDelayMs: 0, ...(isDecided && { maxRetries: Infinity }) },
    { verdict: 'retry', attempt: attempt - 1, elapsedMs: elapsedMs() },
    () => 0,
  );
  if (next.retry) return undefined;
  return next.reason === 'retries-exhausted' ? 'stalled' : next.reason;
}
