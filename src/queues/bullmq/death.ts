import type { Run } from '../run.js';
import type { ErrorData } from '../error.js';
import { takeOver } from '../take-over.js';
import type { HistoryRow } from '../types.js';
import { before } from './before.js';
import { type Death, deathOf } from './errors.js';
import { readRows, writeRow } from './history.js';
import type { BullJob, BullQueue } from './host.js';

/** With the row of the attempt that ended it, if the job's log has one. */
export type KnownDeath = Death & { readonly row?: HistoryRow };

/**
 * Asked before each attempt: the death of a job that must not run. Attempts that were lost are reported, and their rows
 * are written. The log is read only where the counters of BullMQ leave a doubt.
 */
export async function deathBefore<Job extends BullJob>(
  run: Run<Job>,
  queue: BullQueue | undefined,
): Promise<KnownDeath | undefined> {
  const { job, attempt, policy } = run;
  const isDoubtful = attempt > policy.maxRetries + 1 || job.stalledCounter > 0 || deathOf(job);
  const rows = isDoubtful && queue ? await readRows(queue, run.id) : undefined;
  return earlierDeath(job, attempt, rows) ?? (await spent(run, rows, queue));
}

/**
 * The death of a job that was never buried: its letter could not be written, or its worker died or lost the job before
 * it was. Such a job must not run again.
 */
function earlierDeath(
  job: BullJob,
  attempt: number,
  rows: readonly HistoryRow[] | undefined,
): KnownDeath | undefined {
  const told = deathOf(job);
  if (!told && job.stalledCounter === 0) return undefined;
  const row = rows?.at(-1);
  // A job that was put back by hand after its burial may have been lost since, in an attempt that left no row.
  if (row?.attempt !== (told?.attempts ?? attempt - 1) || !row.reason) return told;
  return { reason: row.reason, attempts: row.attempt, error: row.error, row };
}

/** The death of a job that has no further attempt: crashes have used them up, or its time is over. */
async function spent<Job extends BullJob>(
  run: Run<Job>,
  rows: readonly HistoryRow[] | undefined,
  queue: BullQueue | undefined,
): Promise<KnownDeath | undefined> {
  const { job, attempt } = run;
  const known = before(job, attempt, rows);
  const { over, hookErrors } = await takeOver(run, known);
  for (let lost = attempt - known.lost; lost < attempt; lost++) {
    // With its row the attempt is reported: the next worker does not report it again.
    await writeRow(job, { attempt: lost, outcome: 'stalled', ...kept(hookErrors.get(lost)) });
  }
  const hookError = hookErrors.get(attempt - 1);
  if (hookError && !known.lost && queue) {
    const last = (rows ?? (await readRows(queue, run.id))).findLast((row) => row.attempt === attempt - 1);
    if (last) await writeRow(job, { ...last, hookError });
  }
  return over && { reason: over, attempts: attempt - 1 };
}

const kept = (hookError: ErrorData | undefined): Pick<HistoryRow, 'hookError'> =>
  hookError ? { hookError } : {};
