import { decide, type PolicySpec, type RetryPolicy } from '../../index.js';
import { type AttemptRun, randomOf, runAttempt, stalledReason } from '../attempt.js';
import { resolvePolicy, systemClock } from '../../internal.js';
import type { DeadReason, Handler, HistoryRow, QueueOptions } from '../types.js';
import { bury, letterOf } from './burial.js';
import { fit, isMessage, isUnrecoverable, notRun, recalled, released } from './errors.js';
import { writeRow } from './history.js';
import type { BullDeadQueue, BullJob, BullQueue } from './host.js';
import { giveUp, retryAfter } from './settle.js';

export interface ProcessorOptions<Job extends BullJob = BullJob> extends QueueOptions<Job> {
  /** The queue for jobs whose retrying has ended, one entry each. Default: none, they are just `failed`. */
  readonly deadLetter?: BullDeadQueue | undefined;
  /** The job's own queue: with it a dead letter has the history of all attempts, not just the last. Needed for `onHint: 'queue'`. */
  readonly queue?: BullQueue | undefined;
  /**
   * What a hint (Retry-After) holds back: this job (default), or the whole queue. The attempt counts either way. For
   * `'queue'` the worker needs `workerOptions(policy, { onHint: 'queue' })`.
   */
  readonly onHint?: 'job' | 'queue' | undefined;
}

/** How long a job waits that we could not finish with: its letter could not be written, say, because the store is in trouble. */
const TROUBLE_MS = 1_000;

/** BullMQ's processor, with all three parameters: it gives a signal only to a function that declares them. */
export type Processor<Job, Value> = (job: Job, token?: string, signal?: AbortSignal) => Promise<Value>;

/** A job that comes while we shut down goes back after this long, so that a worker nobody has closed yet does not spin. */
const RELEASE_PAUSE_MS = 100;

/**
 * Wraps a handler for `new Worker(name, processor(policy, handler), { connection, ...workerOptions(policy) })`: attempts,
 * delays and stops are the policy's, whatever the job was enqueued with; an attempt lost in a crash counts.
 *
 * @throws TypeError if the policy is none, or if `onHint: 'queue'` comes without `queue`.
 */
export function processor<Job extends BullJob, Value>(
  policy: PolicySpec | RetryPolicy,
  handler: Handler<Job, Value>,
  options: ProcessorOptions<Job> = {},
): Processor<Job, Value> {
  const resolved = resolvePolicy(policy);
  const { onHint = 'job', queue, deadLetter: dead } = options;
  if (onHint === 'queue' && !queue) throw new TypeError("onHint: 'queue' needs the option queue");
  const { clock = systemClock } = options;

  return async (job, token, signal) => {
    // Whatever goes wrong from here on, also in this function, is one failed attempt and never the end of the job.
    retryAfter(job, TROUBLE_MS);
    const run: AttemptRun<Job> = {
      policy: resolved,
      handler,
      job,
      queue: job.queueName,
      id: job.id ?? '',
      attempt: job.attemptsMade + job.stalledCounter + 1,
      elapsedMs: () => clock.wallNow() - (job.timestamp + (job.opts.delay ?? 0)),
      options: { ...options, classify: classifier(options) },
      hostSignal: signal,
      passThrough: isMessage,
    };

    const buried = async (why: DeadReason, attempts: number, last?: HistoryRow): Promise<void> => {
      if (dead) await bury(job, { dead, queue, token, reason: why, attempts, last, nowMs: clock.wallNow() });
    };

    if (options.signal?.aborted) {
      await new Promise<void>((resolve) => clock.setTimer(RELEASE_PAUSE_MS, resolve, true));
      return release(job, token);
    }
    const letter = dead && job.stalledCounter > 0 ? await letterOf(dead, job) : undefined;
    if (letter) {
      giveUp(job);
      throw recalled(letter.lastError);
    }
    const reason = stalledReason(run);
    if (reason) {
      await buried(reason, run.attempt - 1);
      giveUp(job);
      throw notRun(reason, run.attempt - 1);
    }

    const outcome = await runAttempt(run);
    switch (outcome.kind) {
      case 'released':
        return release(job, token);
      case 'done':
        // Should the settling fail, the job runs again, in its own time: a value that cannot be stored must not make a
        // hot loop.
        retryAfter(job, delayAfterSuccess(run));
        await writeRow(job, outcome.record);
        return outcome.value as Value;
      case 'retry':
        retryAfter(job, outcome.delayMs);
        await writeRow(job, outcome.record);
        if (onHint === 'queue' && outcome.hintMs !== undefined) await queue?.rateLimit(outcome.delayMs);
        throw fit(outcome.error);
      case 'dead':
        await writeRow(job, outcome.record);
        await buried(outcome.reason, run.attempt, outcome.record);
        giveUp(job);
        throw fit(outcome.error);
    }
  };
}

/** The caller's word, then BullMQ's own way of saying stop; then it is for the built-in rules. */
function classifier<Job>({ classify }: QueueOptions<Job>): NonNullable<QueueOptions<Job>['classify']> {
  return (error, context) => {
    const word = classify?.(error, context);
    return word === undefined && isUnrecoverable(error) ? 'stop' : word;
  };
}

async function release(job: BullJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw released();
}

/** As after a failed attempt; there is none after the last, and the job only comes back to be buried. */
function delayAfterSuccess<Job>(run: AttemptRun<Job>): number {
  try {
    const failure = { verdict: 'retry', attempt: run.attempt, elapsedMs: 0 } as const;
    const next = decide(run.policy, failure, randomOf(run));
    return next.retry ? next.delayMs : TROUBLE_MS;
  } catch {
    return TROUBLE_MS; // the caller's `random` threw: the success must not suffer
  }
}
