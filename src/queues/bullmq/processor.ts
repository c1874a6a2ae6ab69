import { decide, type PolicySpec, type RetryPolicy } from '../../index.js';
import { type AttemptRun, randomOf, runAttempt, stalledReason } from '../attempt.js';
import { resolvePolicy, systemClock } from '../../internal.js';
import { deadLetter } from '../dead-letter.js';
import type { DeadReason, Handler, HistoryRow, QueueOptions } from '../types.js';
import { deadLetterId } from './dead-letters.js';
import { fit, isMessage, isUnrecoverable, released, stalledError } from './errors.js';
import { readRows, writeRow } from './history.js';
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
  const { onHint = 'job', queue } = options;
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

    if (options.signal?.aborted) {
      await new Promise<void>((resolve) => clock.setTimer(RELEASE_PAUSE_MS, resolve, true));
      return release(job, token);
    }
    if (await isBuried(job, options)) {
      giveUp(job);
      throw stalledError(run.attempt - 1);
    }
    const reason = stalledReason(run);
    if (reason) {
      await bury(run, options, reason, run.attempt - 1, undefined, token);
      giveUp(job);
      throw stalledError(run.attempt - 1);
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
        await bury(run, options, outcome.reason, run.attempt, outcome.record, token);
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

/** A worker that died between writing the letter and settling the job left it to stall: it is dead, and must not run again. */
async function isBuried(job: BullJob, { deadLetter: dead }: ProcessorOptions<never>): Promise<boolean> {
  if (!dead || job.stalledCounter === 0 || job.id === undefined) return false;
  return (await dead.getJob(deadLetterId(job.queueName, job.id))) != null;
}

/** Writes the dead letter, before the job is settled: so a crash between the two leaves a letter too many, for a moment, and never one too few. */
async function bury<Job extends BullJob>(
  { job, queue, id }: AttemptRun<Job>,
  options: ProcessorOptions<Job>,
  reason: DeadReason,
  attempts: number,
  last: HistoryRow | undefined,
  token: string | undefined,
): Promise<void> {
  const { deadLetter: dead, clock = systemClock } = options;
  if (!dead) return;
  // Ours still? A worker that was frozen must not bury a job that another one is working on.
  if (token !== undefined && !(await job.extendLock(token, LOCK_MS)))
    throw new Error(`Lost the lock of job ${id}`);
  const rows = options.queue ? await readRows(options.queue, id) : [];
  const letter = deadLetter({
    queue,
    name: job.name,
    payload: job.data as unknown,
    id,
    reason,
    attempts,
    history: last ? [...rows, last] : rows,
    isWhole: options.queue !== undefined && job.opts.keepLogs === undefined,
    nowMs: clock.wallNow(),
  });
  await dead.add(job.name, letter, { jobId: deadLetterId(queue, id) });
}

/** Enough to write a letter and settle. */
const LOCK_MS = 5_000;

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
