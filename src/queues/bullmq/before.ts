import type { Before } from '../take-over.js';
import type { HistoryRow } from '../types.js';
import type { BullJob } from './host.js';

/** What `before` needs of a history row. */
type Known = Pick<HistoryRow, 'attempt' | 'outcome'>;

/**
 * What is known about the attempt before the coming one. BullMQ counts the attempts that were settled and those that were
 * lost, but not in which order. The order is in the job's log, and where the log cannot be read in a note.
 *
 * @param rows of the job's log; undefined: not read, or there is no queue to read them from.
 */
export function before(job: BullJob, attempt: number, rows: readonly HistoryRow[] | undefined): Before {
  const note = noteOf(job);
  const known: readonly Known[] = note ? [...(rows ?? []), note] : (rows ?? []);
  const previous = known.findLast((row) => row.attempt === attempt - 1);
  if (previous) return { isDecided: previous.outcome === 'retry', lost: 0 };
  // Without a log and a note, only the attempt before can be among the lost ones.
  const latest = known.length || rows ? Math.max(0, ...known.map((row) => row.attempt)) : attempt - 2;
  return { isDecided: false, lost: Math.max(0, Math.min(job.stalledCounter, attempt - 1 - latest)) };
}

const NOTE = /^ostinato: attempt (\d+) ended with (retry|done)$/;

/**
 * Leaves a note about an attempt whose row cannot be read later. BullMQ stores the job's stack traces when it settles a
 * failure, so the note is one of them. `stackTraceLimit: 1` cuts it off.
 */
export function leaveNote(job: BullJob, attempt: number, outcome: 'retry' | 'done'): void {
  const traces = (job.stacktrace ?? []).filter((trace) => !NOTE.test(trace));
  job.stacktrace = [...traces, `ostinato: attempt ${attempt} ended with ${outcome}`];
}

function noteOf({ stacktrace }: BullJob): Known | undefined {
  for (const trace of stacktrace ?? []) {
    const [, attempt, outcome] = NOTE.exec(trace) ?? [];
    if (attempt) return { attempt: Number(attempt), outcome: outcome as 'retry' | 'done' };
  }
  return undefined;
}
