import { decide, type PolicySpec, type RetryPolicy, seeded, type Verdict } from '../../index.js';
import { judge, resolvePolicy, show, systemClock } from '../../internal.js';
import { optionsOf } from '../options.js';
import { isUnrecoverable } from './errors.js';

/** More stalls than any job sees: not BullMQ but `processor` ends a job that keeps crashing, with a dead letter. */
const NO_LIMIT = 1_000_000_000;

const UNLIMITED = { max: NO_LIMIT, duration: 1_000 };

/** What an `integer` of Postgres holds; a job's options cannot hold Infinity either. */
const MOST_ATTEMPTS = 2 ** 31 - 1;

/** The type under which `jobOptions` asks for the strategy of `workerOptions`. */
const BACKOFF_TYPE = 'ostinato';

export interface BullWorkerOptions {
  maxStalledCount: number;
  settings: { backoffStrategy: BackoffStrategy };
  limiter?: { max: number; duration: number };
}

/** What the worker has of its own, beside what the policy needs. */
interface OwnOptions<Settings extends object = object> {
  /** As for `processor`. With `'queue'` there is a limiter: yours, or one that never limits by itself. */
  readonly onHint?: 'job' | 'queue' | null | undefined;
  /** The worker's own rate limit, to be kept. */
  readonly limiter?: { max: number; duration: number } | null | undefined;
  /** The worker's own settings (`repeatStrategy`), to be kept; but the `backoffStrategy` is the policy's. */
  readonly settings?: Settings | null | undefined;
}

/** BullMQ's: milliseconds to the next attempt, or -1 for none. The job has more than BullMQ's type for it says. */
export type BackoffStrategy = (attemptsMade: number, type?: string, error?: Error, job?: any) => number;

/**
 * The worker options a policy needs: `new Worker(name, processor(policy, …), { connection, ...workerOptions(policy) })`.
 * Spread it last: what it gives it needs, and a `limiter` or `settings` of your own are options here, to become part of it.
 * `onHint: 'queue'` adds a limiter that never limits by itself, since BullMQ obeys `queue.rateLimit` only where there is one.
 *
 * @throws TypeError if the policy is none, and for a name that is no option.
 */
export function workerOptions<Settings extends object = object>(
  policy: PolicySpec | RetryPolicy,
  options?: OwnOptions<Settings> | null,
): BullWorkerOptions & { settings: Settings } {
  const given = optionsOf('workerOptions', options, { onHint: '', limiter: '', settings: '' });
  const { onHint, settings, limiter = onHint === 'queue' ? UNLIMITED : undefined } = given;
  checkOnHint(onHint);
  return {
    maxStalledCount: NO_LIMIT,
    settings: { ...(settings as Settings), backoffStrategy: strategy(resolvePolicy(policy)) },
    ...(limiter && { limiter }),
  };
}

/** @throws TypeError for anything else: BullMQ would never be asked to pause. */
export function checkOnHint(onHint: unknown): void {
  if (onHint !== undefined && onHint !== 'job' && onHint !== 'queue')
    throw new TypeError(`onHint is 'job' or 'queue', got ${show(onHint)}`);
}

/**
 * Job options for `queue.add` where `processor` cannot be: sandboxed processors, which run in another process and have
 * no say in what follows. Needs the `settings` of `workerOptions`. It gives the policy's attempts, delays and stops; no
 * timeout, no dead letter, no `policyFor`, and BullMQ counts no crashes.
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
