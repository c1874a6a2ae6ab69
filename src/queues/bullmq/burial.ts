import type { Clock } from '../../internal.js';
import { deadLetter } from '../dead-letter.js';
import { waitOut } from '../persist.js';
import type { DeadLetter, HistoryRow } from '../types.js';
import { type Death, unburied } from './errors.js';
import { readRows, writeRow } from './history.js';
import type { BullDeadQueue, BullJob, BullQueue } from './host.js';
import { letterId } from './ids.js';

/** A dead letter as it lies in its queue: with the time of the enqueue, by which a job is told from a later one of the same id. */
export interface Entry<Payload = unknown> extends DeadLetter<Payload> {
  readonly enqueuedAtMs: number;
}

export interface Burial extends Death {
  readonly dead: BullDeadQueue;
  /** The job's own queue, which knows its history. */
  readonly queue: BullQueue | undefined;
  readonly token: string | undefined;
  /** The row of the attempt that has ended the job, if one has, and whether it is in the job's log. */
  readonly last: HistoryRow | undefined;
  readonly isLogged: boolean;
  readonly clock: Clock;
  readonly shutdown: AbortSignal | undefined;
}

/** How long the lock is held for writing a letter and settling; taken again before each try. */
const LOCK_MS = 5_000;

/**
 * How long a store that is in trouble is waited for. Long enough for a restart; but then somebody has to hear of it, and
 * others may have the place of this job.
 */
const PATIENCE_MS = 30_000;

/**
 * The letter of this very job, if it has one. A worker that died between writing it and settling the job left the job to
 * stall: it is dead, and must not run again.
 */
export async function letterOf(dead: BullDeadQueue, job: BullJob): Promise<Entry | undefined> {
  return (await placeOf(dead, job)).letter;
}

/**
 * Writes the dead letter, before the job is settled: so a crash between the two leaves a letter too many, for a moment,
 * and never one too few. Tried again while the store is in trouble, as long as the job is ours.
 *
 * @throws Error if the lock was lost: a worker that was frozen must not bury a job that another one is working on.
 *   `unburied`, if it could not be written in time.
 */
export async function bury(job: BullJob, burial: Burial): Promise<void> {
  const { dead, last, token, clock, shutdown } = burial;
  const untilMs = clock.now() + PATIENCE_MS;
  let { isLogged } = burial;
  let lost: Error | undefined;
  const write = async (): Promise<void> => {
    if (token !== undefined && !(await job.extendLock(token, LOCK_MS))) {
      throw (lost = new Error(`Lost the lock of job ${job.id}`));
    }
    // Whoever has the job next knows by this row that it is dead.
    if (last && !isLogged) isLogged = await writeRow(job, last);
    const letter = await letterFor(job, burial);
    await dead.add(job.name, letter, { jobId: (await placeOf(dead, job)).id, lifo: false });
  };
  try {
    await waitOut(write, {
      isOver: () => lost !== undefined || shutdown?.aborted === true || clock.now() >= untilMs,
      clock,
    });
  } catch (error) {
    throw lost ?? unburied(burial, error);
  }
}

async function letterFor(job: BullJob, burial: Burial): Promise<Entry> {
  const { queue, reason, attempts, last, clock } = burial;
  const { id = '', queueName, name, data, timestamp, opts } = job;
  const rows = queue ? await readRows(queue, id) : [];
  const letter: DeadLetter = deadLetter({
    queue: queueName,
    name,
    payload: data as unknown,
    id,
    reason,
    attempts,
    history: last ? [...rows.filter(({ attempt }) => attempt !== last.attempt), last] : rows,
    // Without the queue, or with a log that is cut, nobody knows of the other attempts.
    isWhole: queue !== undefined && opts.keepLogs === undefined,
    nowMs: clock.wallNow(),
  });
  return { ...letter, enqueuedAtMs: timestamp };
}

/** The id of a job's letter, and the letter if it is there. BullMQ ignores a second job with the same id, so there is one, however often it is written. */
async function placeOf(
  dead: BullDeadQueue,
  { queueName, id = '', timestamp }: BullJob,
): Promise<{ id: string; letter: Entry | undefined }> {
  const usual = letterId(queueName, id);
  const letter: Entry | undefined = (await dead.getJob(usual))?.data;
  if (!letter || letter.enqueuedAtMs === timestamp) return { id: usual, letter };
  // The letter of an earlier job: somebody has used its id for a second one.
  const own = `${usual}-${timestamp}`;
  return { id: own, letter: (await dead.getJob(own))?.data };
}
