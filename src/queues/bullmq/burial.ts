import { deadLetter } from '../dead-letter.js';
import type { DeadLetter, DeadReason, HistoryRow } from '../types.js';
import { readRows } from './history.js';
import type { BullDeadQueue, BullJob, BullQueue } from './host.js';

/** A dead letter as it lies in its queue: with the time of the enqueue, by which a job is told from a later one of the same id. */
export interface Entry<Payload = unknown> extends DeadLetter<Payload> {
  readonly enqueuedAtMs: number;
}

export interface Burial {
  readonly dead: BullDeadQueue;
  /** The job's own queue, which knows its history. */
  readonly queue: BullQueue | undefined;
  readonly token: string | undefined;
  readonly reason: DeadReason;
  readonly attempts: number;
  /** The row of the attempt that has just ended, if one has. */
  readonly last: HistoryRow | undefined;
  readonly nowMs: number;
}

/** How long the lock is held for writing a letter and settling. */
const LOCK_MS = 5_000;

/**
 * The letter of this very job, if it has one. A worker that died between writing it and settling the job left the job to
 * stall: it is dead, and must not run again.
 */
export async function letterOf(dead: BullDeadQueue, job: BullJob): Promise<Entry | undefined> {
  return (await placeOf(dead, job)).letter;
}

/**
 * Writes the dead letter, before the job is settled: so a crash between the two leaves a letter too many, for a moment,
 * and never one too few.
 *
 * @throws Error if the lock was lost: a worker that was frozen must not bury a job that another one is working on.
 */
export async function bury(job: BullJob, burial: Burial): Promise<void> {
  const { dead, queue, token, reason, attempts, last, nowMs } = burial;
  const { id = '', queueName, name, data, timestamp } = job;
  if (token !== undefined && !(await job.extendLock(token, LOCK_MS))) {
    throw new Error(`Lost the lock of job ${id}`);
  }
  const rows = queue ? await readRows(queue, id) : [];
  const letter: DeadLetter = deadLetter({
    queue: queueName,
    name,
    payload: data as unknown,
    id,
    reason,
    attempts,
    history: last ? [...rows, last] : rows,
    // Without the queue, or with a log that is cut, nobody knows of the other attempts.
    isWhole: queue !== undefined && job.opts.keepLogs === undefined,
    nowMs,
  });
  const entry: Entry = { ...letter, enqueuedAtMs: timestamp };
  await dead.add(name, entry, { jobId: (await placeOf(dead, job)).id });
}

/** The id of a job's letter, and the letter if it is there. BullMQ ignores a second job with the same id, so there is one, however often it is written. */
async function placeOf(
  dead: BullDeadQueue,
  { queueName, id = '', timestamp }: BullJob,
): Promise<{ id: string; letter: Entry | undefined }> {
  const usual = `dead-${queueName}-${id}`;
  const letter: Entry | undefined = (await dead.getJob(usual))?.data;
  if (!letter || letter.enqueuedAtMs === timestamp) return { id: usual, letter };
  // The letter of an earlier job: somebody has used its id for a second one.
  const own = `${usual}-${timestamp}`;
  return { id: own, letter: (await dead.getJob(own))?.data };
}
