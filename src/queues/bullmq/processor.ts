import { decide, type PolicySpec, type RetryPolicy } from '../../index.js';
import { type AttemptRun, runAttempt } from '../attempt.js';
import { randomOf } from '../run.js';
import { resolvePolicy, show, systemClock } from '../../internal.js';
import { checkHandler, type Known, optionsOf, QUEUE_OPTIONS } from '../options.js';
import type { Handler, HistoryRow, QueueOptions } from '../types.js';
import { leaveNote } from './before.js';
import { bury, letterOf } from './burial.js';
import { deathBefore } from './death.js';
import { type Death, fit, isMessage, isUnrecoverable, notRun, recalled, released } from './errors.js';
import { writeRow } from './history.js';
import type { BullDeadQueue, BullJob, BullQueue } from './host.js';
import { giveUp, retryAfter } from './settle.js';
import { checkOnHint } from './worker-options.js';

export interface ProcessorOptions<Job extends BullJob = BullJob> extends QueueOptions<Job> {
  /** The queue for jobs whose retrying has ended, one entry each. Default: none, they are just `failed`. */
  readonly deadLetter?: BullDeadQueue | null | undefined;
  /** The job's own queue: with it a dead letter has the history of all attempts, not just the last. Needed for `onHint: 'queue'`. */
  readonly queue?: BullQueue | null | undefined;
  /**
   * What a hint (Retry-After) holds back: this job (default), or the whole queue. The attempt counts either way. For
   * `'queue'` the worker needs `workerOptions(policy, { onHint: 'queue' })`.
   */
  readonly onHint?: 'job' | 'queue' | null | undefined;
}

const OPTIONS: Known<ProcessorOptions> = { ...QUEUE_OPTIONS, deadLetter: '', queue: '', onHint: '' };

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
 * @throws TypeError if the policy or the handler is none, for a name that is no option, for what is no queue, and if
 *   `onHint: 'queue'` comes without `queue`.
 */
export function processor<Job extends BullJob, Value>(
  policy: PolicySpec | RetryPolicy,
  handler: Handler<Job, Value>,
  given?: ProcessorOptions<Job> | null,
): Processor<Job, Value> {
  const resolved = resolvePolicy(policy);
  checkHandler(handler);
  const options = optionsOf('processor', given, OPTIONS);
  const { onHint = 'job', queue, deadLetter: dead } = options;
  checkOnHint(onHint);
  // A mere name would be noticed when the first letter is written.
  if (dead) checkQueue('deadLetter', dead);
  if (queue) checkQueue('queue', queue);
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

    const buried = async (death: Death, last?: HistoryRow, isLogged = true): Promise<void> => {
      const { signal: shutdown } = options;
      if (dead) await bury(job, { ...death, dead, queue, token, last, isLogged, clock, shutdown });
      giveUp(job);
    };

    /** Leaves the row of an attempt after which the job may come back, so that its next worker knows what was decided. */
    const leaveRow = async (row: HistoryRow): Promise<void> => {
      const isReadable = (await writeRow(job, row)) && queue !== undefined;
      const isDoubtful = row.attempt > resolved.maxRetries || job.stalledCounter > 0;
      if (isDoubtful && !isReadable) leaveNote(job, row.attempt, row.outcome === 'done' ? 'done' : 'retry');
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
    const over = await deathBefore(run, queue);
    if (over) {
      const { reason, attempts, error } = over;
      await buried(over, over.row ?? (error && { attempt: attempts, outcome: 'dead', reason, error }));
      throw error ? recalled(error) : notRun(reason, attempts);
    }

    const outcome = await runAttempt(run);
    switch (outcome.kind) {
      case 'released':
        return release(job, token);
      case 'done':
        // Should the settling fail, the job runs again, in its own time: a value that cannot be stored must not make a
        // hot loop.
        retryAfter(job, delayAfterSuccess(run));
        await leaveRow(outcome.record);
        return outcome.value as Value;
      case 'retry':
        retryAfter(job, outcome.delayMs);
        await leaveRow(outcome.record);
        if (onHint === 'queue' && outcome.hintMs !== undefined) await queue?.rateLimit(outcome.delayMs);
        throw fit(outcome.error);
      case 'dead': {
        const { reason, record } = outcome;
        const isLogged = await writeRow(job, record);
        await buried({ reason, attempts: run.attempt, error: record.error }, record, isLogged);
        throw fit(outcome.error);
      }
    }
  };
}

function checkQueue(name: string, queue: unknown): void {
  if (typeof queue !== 'object') throw new TypeError(`${name} is a Queue, got ${show(queue)}`);
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
