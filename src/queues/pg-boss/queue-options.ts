import type { PolicySpec } from '../../index.js';
import { resolvePolicy } from '../../internal.js';
import { optionsOf } from '../options.js';

/** So many retries that pg-boss never ends a job: a job that keeps crashing comes back to the worker, which buries it. */
export const HEADROOM = 1_000_000;

/** What may pass between the end of an attempt's time and its settling, before pg-boss takes the job away. */
const GRACE_SECONDS = 30;

/** The longest expiry pg-boss takes. */
const MAX_EXPIRY_SECONDS = 24 * 60 * 60;

/** The shortest pg-boss takes are 10 seconds; it refreshes at half of this. */
const HEARTBEAT_SECONDS = 30;

/** Options for `boss.createQueue(name, options)` and `boss.updateQueue(name, options)`. */
export interface BossQueueOptions {
  retryLimit: number;
  retryDelay: number;
  retryBackoff: boolean;
  expireInSeconds: number;
  heartbeatSeconds: number;
  deadLetter?: string;
}

/**
 * A queue whose retries this policy rules: pg-boss's own never get a say. The job of a worker that died is taken over
 * about 30 seconds later (`heartbeatSeconds`, plus pg-boss's `superviseIntervalSeconds`); an attempt has the policy's
 * `attemptTimeoutMs` plus 30 seconds, and without a limit 24 hours, the longest pg-boss allows.
 *
 * @throws RangeError if `attemptTimeoutMs` is finite and longer than 24 hours less 30 seconds; TypeError if the policy is
 * wrong, or for an option there is not.
 */
export function queueOptions(
  policy: PolicySpec,
  options?: { readonly deadLetter?: string | null | undefined } | null,
): BossQueueOptions {
  const { deadLetter } = optionsOf('queueOptions', options, { deadLetter: '' });
  const { attemptTimeoutMs } = resolvePolicy(policy);
  const expireInSeconds =
    attemptTimeoutMs === Infinity ? MAX_EXPIRY_SECONDS : Math.ceil(attemptTimeoutMs / 1_000) + GRACE_SECONDS;
  if (expireInSeconds > MAX_EXPIRY_SECONDS) {
    throw new RangeError(
      `attemptTimeoutMs is ${attemptTimeoutMs}, but pg-boss lets a job run for 24 hours at most, grace included`,
    );
  }
  return {
    retryLimit: HEADROOM,
    retryDelay: 0,
    retryBackoff: false,
    expireInSeconds,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    ...(deadLetter !== undefined && { deadLetter }),
  };
}
