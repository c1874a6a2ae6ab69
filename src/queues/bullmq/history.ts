import type { HistoryRow } from '../types.js';
import type { BullJob, BullQueue } from './host.js';

/** A job's log belongs to its user: our rows are told from theirs by this beginning. */
const MARK = '{"ostinato":';

/**
 * Writes the row of one attempt to the job's log. A history is not worth a job: what fails here changes nothing else.
 * False: the attempt is missing from the history.
 */
export async function writeRow(job: BullJob, row: HistoryRow): Promise<boolean> {
  try {
    await job.log(JSON.stringify({ ostinato: 1, ...row }));
    return true;
  } catch {
    return false;
  }
}

/** The rows of a job, in the order they were written. */
export async function readRows(queue: BullQueue, id: string): Promise<HistoryRow[]> {
  const { logs } = await queue.getJobLogs(id, 0, -1, true);
  return logs.filter((line) => line.startsWith(MARK)).flatMap(parsed);
}

/** A row, if it is one: `keepLogs` and users may have written anything. */
function parsed(line: string): HistoryRow[] {
  try {
    const { ostinato: _, ...row } = JSON.parse(line) as HistoryRow & { ostinato: unknown };
    return Number.isSafeInteger(row.attempt) ? [row] : [];
  } catch {
    return [];
  }
}
