import type { AttemptContext, AttemptEvent as CallEvent, Clock, Random, StopReason } from '../index.js';
import type { Deciders } from '../internal.js';
import type { ErrorData } from './error.js';

/**
 * What a handler is told besides its job: the attempt, counted from 1, and a signal to stop by. It is aborted by the host
 * (a cancelled or lost job), by the attempt's timeout and by shutdown.
 */
export type JobContext = AttemptContext;

/** The user's function: one call is one attempt. */
export type Handler<Job, Value = unknown> = (job: Job, context: JobContext) => Value | PromiseLike<Value>;

/**
 * Why a job went to its dead letter: what `decide` said; `stalled`, when its attempts were used up by workers that died
 * or by settles that failed; `hook-failed`, when the caller's `classify`, `policyFor` or `random` threw.
 */
export type DeadReason = StopReason | 'stalled' | 'hook-failed';

/** One attempt of a job, as kept in its history. Times are epoch milliseconds on the worker's clock. */
export interface HistoryRow {
  readonly attempt: number;
  /** `stalled`: the attempt began (or was claimed) and nobody settled it. */
  readonly outcome: 'done' | 'retry' | 'dead' | 'stalled';
  readonly startedAtMs?: number;
  readonly durationMs?: number;
  /** What was thrown; missing after a success and after a stall. */
  readonly error?: ErrorData;
  /** With outcome `retry`: the delay to the next attempt. */
  readonly delayMs?: number;
  /** With outcome `dead`: why. */
  readonly reason?: DeadReason;
  /** What `onAttempt` threw, if it did. It changes nothing else. */
  readonly hookError?: ErrorData;
}

/** What every event of `onAttempt` has: whose job and which attempt. */
interface EventOfJob<Job> {
  /** The option `name`, or the queue's name. */
  readonly name: string;
  readonly queue: string;
  readonly id: string;
  readonly job: Job;
  /** Counted from 1. */
  readonly attempt: number;
  /** Of the policy that decided: `policyFor` may have chosen it. Most attempts are one more. */
  readonly maxRetries: number;
  /** Whole milliseconds since the job was first due. */
  readonly elapsedMs: number;
}

/** An attempt that ran. The queue stores the outcome after `onAttempt` has returned. */
export interface RunEvent<Job>
  extends
    EventOfJob<Job>,
    Pick<CallEvent, 'error' | 'value' | 'verdict' | 'durationMs' | 'delayMs' | 'hintMs'> {
  /** `done`: the handler succeeded. `retry`: the job is due again after `delayMs`. `dead`: the job ends, for `reason`. */
  readonly outcome: 'done' | 'retry' | 'dead';
  readonly reason?: DeadReason;
}

/** An attempt that was lost with its worker, or the end of a job that no attempt has decided. */
export interface UnrunEvent<Job> extends EventOfJob<Job> {
  /**
   * `stalled`: the attempt was lost with its worker; the worker that takes the job over reports it. `dead`: the job ends
   * without a further run, for `reason`; `attempt` is its last attempt.
   */
  readonly outcome: 'stalled' | 'dead';
  /** With `dead`: `stalled` or `deadline`. */
  readonly reason?: DeadReason;
  readonly durationMs?: undefined;
  readonly error?: undefined;
  readonly value?: undefined;
  readonly verdict?: undefined;
  readonly delayMs?: undefined;
  readonly hintMs?: undefined;
}

/**
 * What `onAttempt` gets: the event of a call, with the job. `durationMs` is there if the attempt ran, and only then: a
 * meter counts the events that have it.
 */
export type AttemptEvent<Job> = RunEvent<Job> | UnrunEvent<Job>;

/** Options that every queue adapter has. `null` and undefined are the same as not given. */
export interface QueueOptions<Job> extends Pick<Deciders, 'classify' | 'policyFor'> {
  /**
   * Observer: called after every attempt, before the queue stores its outcome; also for an attempt that was lost with its
   * worker, and when a job ends without a further run. Awaited for at most 5 seconds. What it throws is `hookError` in the
   * history and changes nothing else.
   */
  readonly onAttempt?: ((event: AttemptEvent<Job>) => unknown) | null | undefined;
  /** A name for people and metrics, in every event. Use few values, and never an id. Default: the queue's name. */
  readonly name?: string | null | undefined;
  /** The random numbers of one job. Default: `seeded(queue + ':' + id)`, so that its delays can be computed anywhere. */
  readonly random?: ((job: Job) => Random) | null | undefined;
  /**
   * Shutdown: aborts the handlers. A handler that then rejects gives its job back, and the attempt does not count. A
   * handler that resolves all the same completes its job.
   */
  readonly signal?: AbortSignal | null | undefined;
  /** Where time comes from. Default: the platform. */
  readonly clock?: Clock | null | undefined;
}

/** Where a job goes when retrying has ended. */
export interface DeadLetter<Payload = unknown> {
  readonly queue: string;
  /** The job's name, for hosts that have one beside the queue's; else the queue's. */
  readonly name: string;
  readonly payload: Payload;
  /** The id of the job that died. */
  readonly id: string;
  readonly reason: DeadReason;
  readonly lastError: ErrorData;
  /** Attempts used, those lost in crashes included. */
  readonly attempts: number;
  /** One row for each attempt, as far as the host kept them. */
  readonly history: readonly HistoryRow[];
  /** Epoch milliseconds. */
  readonly firstFailedAtMs: number;
  readonly lastFailedAtMs: number;
}

/** What an operator does with dead letters. */
export interface DeadLetters<Payload = unknown> {
  /** The oldest first. `limit` defaults to 100, `offset` to 0; RangeError for what is no whole number >= 0. */
  list(page?: Page | null): Promise<DeadLetter<Payload>[]>;
  /**
   * Puts a dead job back into its queue, all attempts ahead of it, and removes the letter. It has a new id there, but in a
   * table of your own. False: no such letter.
   */
  redrive(id: string): Promise<boolean>;
  /** Removes the letters of jobs that last failed at least `olderThanMs` ago (default 0: all). Returns how many. */
  purge(options?: Age | null): Promise<number>;
}

/** A part of all dead letters. */
export interface Page {
  readonly limit?: number | null | undefined;
  readonly offset?: number | null | undefined;
}

/** How old dead letters are at least. */
export interface Age {
  readonly olderThanMs?: number | null | undefined;
}
