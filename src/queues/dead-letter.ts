import { type ErrorData } from './error.js';
import type { DeadLetter, DeadReason, HistoryRow } from './types.js';

/** What a host knows about a job whose retrying has ended. */
export interface Burial<Payload> {
  readonly queue: string;
  readonly name: string;
  readonly payload: Payload;
  readonly id: string;
  readonly reason: DeadReason;
  /** Attempts used, those lost in crashes included. */
  readonly attempts: number;
  readonly history: readonly HistoryRow[];
  /** Whether attempts without a row are known to be lost ones. Default true; false for a history that was kept in part. */
  readonly isWhole?: boolean;
  /** Epoch milliseconds: when nothing better is known, the job failed now. */
  readonly nowMs: number;
}

/** The dead letter of a job: history completed, last error and times of failure read from it. */
export function deadLetter<Payload>({
  nowMs,
  isWhole = true,
  ...burial
}: Burial<Payload>): DeadLetter<Payload> {
  const history = isWhole ? complete(burial.history, burial.attempts) : burial.history;
  const failures = history.filter((row) => row.outcome !== 'done');
  return {
    ...burial,
    history,
    lastError: lastError(history, burial.attempts),
    firstFailedAtMs: failures.map(endMs).find((ms) => ms !== undefined) ?? nowMs,
    lastFailedAtMs: failures.map(endMs).findLast((ms) => ms !== undefined) ?? nowMs,
  };
}

/**
 * One row for each attempt, in order. A number without a row is an attempt that nobody lived to settle; of several rows
 * for one number (a settle that was tried again) the last one counts.
 */
export function complete(rows: readonly HistoryRow[], attempts: number): HistoryRow[] {
  const byAttempt = new Map(rows.map((row) => [row.attempt, row]));
  return Array.from(
    { length: attempts },
    (_, index) => byAttempt.get(index + 1) ?? { attempt: index + 1, outcome: 'stalled' as const },
  );
}

const endMs = ({ startedAtMs, durationMs = 0 }: HistoryRow): number | undefined =>
  startedAtMs === undefined ? undefined : startedAtMs + durationMs;

/** A success is not what the job died of, and neither is a failure before it: it died because nobody could tell of it. */
function lastError(history: readonly HistoryRow[], attempts: number): ErrorData {
  const last = history.at(-1);
  return last?.outcome === 'done' && last.attempt === attempts
    ? stalled(`Attempt ${attempts} succeeded, and its success could not be recorded`)
    : (history.findLast((row) => row.error)?.error ??
        stalled(`Attempt ${attempts} was never settled: its worker died, or lost the job`));
}

const stalled = (message: string): ErrorData => ({ name: 'StalledError', message });
