import { decide, type PolicySpec, type RetryPolicy, seeded, type Verdict } from '../../index.js';
import { judge, resolvePolicy, systemClock } from '../../internal.js';
import { isUnrecoverable } from './errors.js';

/** More stalls than any job sees: not BullMQ but `processor` ends a job that keeps crashing, with a dead letter. */
const NO_LIMIT = 1_000_000_000;

/** What an `integer` of Postgres holds; a job's options cannot hold Infinity either. */
const MOST_ATTEMPTS = 2 ** 31 - 1;

/** The type under which `jobOptions` asks for the strategy of `workerOptions`. */
const BACKOFF_TYPE = 'ostinato';

export interface BullWorkerOptions {
  maxStalledCount: number;
  settings: { backoffStrategy: BackoffStrategy };
  limiter?: { max: number; duration: number };
}

/** BullMQ's: milliseconds to the next attempt, or -1 for none. The job has more than BullMQ's type for it says. */
export type BackoffStrategy = (attemptsMade: number, type?: string, error?: Error, job?: any) => number;

/**
 * The worker options a policy needs: `new Worker(name, processor(policy, …), { connection, ...workerOptions(policy) })`.
 * `onHint: 'queue'` adds a limiter that never limits by itself; BullMQ obeys `queue.rateLimit` only where there is one.
 *
 * @throws TypeError if the policy is none.
 */
export function workerOptions(
  policy: PolicySpec | RetryPolicy,
  options: { readonly onHint?: 'job' | 'queue' | undefined } = {},
): BullWorkerOptions {
  return {
    maxStalledCount: NO_LIMIT,
    settings: { backoffStrategy: strategy(resolvePolicy(policy)) },
    ...(options.onHint === 'queue' && { limiter: { max: NO_LIMIT, duration: 1_000 } }),
  };
}

/**
 * Job options for `queue.add` where `processor` cannot be: sandboxed processors, which run in another process and have
 * no say in what follows. Needs the `settings` of `workerOptions`. It gives the policy's attempts, delays and stops; no
 * timeout, no dead letter, and BullMQ counts no crashes.
 *
 * @throws TypeError if the policy is none.
 */
export function jobOptions(policy: PolicySpec | RetryPolicy): {
  attempts: number;
  backoff: { type: string };
} {
  const { maxRetries } = resolvePolicy(policy);
  return { attempts: Math.min(maxRetries + 1, MOST_ATTEMPTS), backoff: { type: BACKOFF_TYPE } };
}

/** Never throws, and never gives anything but a whole number or -1: BullMQ would leave the job hanging, or retry at once for ever. */
function strategy(policy: RetryPolicy): BackoffStrategy {
  return (attemptsMade, _type, error, job) => {
    const next = decide(
      policy,
      { verdict: verdictOn(error, policy), attempt: attemptsMade, elapsedMs: elapsedMs(job) },
      seeded(`${text(job?.queueName ?? job?.queue?.name)}:${text(job?.id)}`),
    );
    return next.retry ? next.delayMs : -1;
  };
}

function verdictOn(error: unknown, policy: RetryPolicy): Verdict {
  return isUnrecoverable(error) ? 'stop' : judge(error, policy, systemClock);
}

function elapsedMs(job: { timestamp?: number; opts?: { delay?: number } } | undefined): number {
  const dueMs = (job?.timestamp ?? NaN) + (job?.opts?.delay ?? 0);
  return systemClock.wallNow() - dueMs;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
