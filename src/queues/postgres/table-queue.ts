import type { DeadReason } from '../types.js';
import type { Statement } from './client.js';
import type { AttemptNote, Claimed, NOT_RUN } from './job.js';

/**
 * The statements of a jobs table. All are pure: they build `{ text, values }`, to be run wherever you like, also inside
 * a transaction of your own. Each is one statement, so a crash between any two leaves a job that is late at the worst.
 *
 * `complete`, `retry`, `bury`, `release`, `keepHookError` and `heartbeat` return one row if they changed the job, and none if it is not
 * running under that fence any more: then another worker has it, and there is nothing to be done.
 */
export interface TableQueue {
  /** Creates both tables, or adds what a table of your own lacks; changes nothing when all is there. */
  schema(): Statement;
  /**
   * Adds a job; returns its `id`. Due after `delayMs` (default 0). Consumers that LISTEN are woken when the transaction
   * commits.
   *
   * @throws TypeError for a payload that is no JSON, or that `jsonb` cannot hold (NUL, half of a surrogate pair, more
   *   than 1 000 levels).
   */
  add(
    queue: string,
    payload: unknown,
    options?: { readonly delayMs?: number | null | undefined } | null,
  ): Statement;
  /**
   * Claims at most `limit` jobs, due ones and those whose lease has run out, and raises attempt and fence of each.
   * Returns `TableJob`s. A lost attempt goes to the history as `stalled`. `worker` is a name for people to read.
   */
  claim(queue: string, limit: number, worker: string, leaseMs: number): Statement;
  complete(job: Claimed, note?: AttemptNote): Statement;
  /** Due again after `delayMs`, from now on the database clock. */
  retry(job: Claimed, delayMs: number, note?: AttemptNote): Statement;
  /**
   * Ends the job and writes its dead letter. With `'not-run'` for a note the claim was made only to find that no attempt
   * is left: nothing is added to the history, and the number the claim took does not count.
   */
  bury(job: Claimed, reason: DeadReason, note?: AttemptNote | typeof NOT_RUN): Statement;
  /** Gives the job back: the attempt does not count, the fence stays. Only for a handler that has settled. */
  release(job: Claimed): Statement;
  /** Keeps what `onAttempt` threw about an attempt that ended before this claim, as `hookError` in its history entry. */
  keepHookError(job: Claimed, attempt: number, hookError: unknown): Statement;
  /** Extends the lease to `leaseMs` from now. */
  heartbeat(job: Claimed, leaseMs: number): Statement;
  /** One row with `dueMs`: milliseconds until the next job is due or the next lease runs out (0 if one has); null if there is none. */
  nextDue(queue: string): Statement;
  /** A page of dead letters, the oldest first. */
  dead(queue: string, limit: number, offset: number): Statement;
  /**
   * Makes a dead job a ready one, with all attempts ahead of it, and removes its letter. A job whose row has been deleted
   * is made anew from the letter, under its id. Returns a row if there was a letter (and its job is not alive already).
   */
  redrive(queue: string, id: string): Statement;
  /** Removes dead letters, and their jobs, that last failed at least `olderThanMs` ago. Returns their `id`s. */
  purge(queue: string, olderThanMs: number): Statement;
  /** What `add` and a redrive send to `NOTIFY ostinato` for a queue. */
  wakeWord(queue: string): string;
}
