import type { StopReason } from '../decide.js';
import { realmTable } from '../realm.js';

/**
 * Why a call or a job has ended without success: a reason of `decide`; `aborted` and `hook-failed` come from `retry`,
 * and `stalled` comes from queues.
 */
export type Reason = StopReason | 'aborted' | 'hook-failed' | 'stalled';

/** One attempt. All times are whole milliseconds. */
export interface AttemptRecord {
  /** Counted from 1. */
  readonly attempt: number;
  /** What the attempt failed with. Not there if it gave a value. */
  readonly error?: unknown;
  /** The value that `classifyResult` refused. Not there after an error or a success. */
  readonly value?: unknown;
  /** When the attempt began, counted from the start of the call. */
  readonly startMs: number;
  readonly durationMs: number;
  /** The delay after the attempt. Not there if the call ended with it. */
  readonly delayMs?: number;
  /** The hint that came with the failure, as it was given: it may be a fraction, or Infinity. */
  readonly hintMs?: number;
  /** What an observer (`onAttempt`, `onEnd`) threw. It changed nothing else. */
  readonly hookError?: unknown;
}

/** What happened in a call. */
export interface Report {
  readonly ok: boolean;
  /** Not there if the call has succeeded. */
  readonly reason?: Reason;
  /** The first ten attempts and the last ten. */
  readonly attempts: readonly AttemptRecord[];
  /** How many attempts between them are left out. */
  readonly droppedAttempts: number;
  /** Whole milliseconds from the start of the call to its end. */
  readonly elapsedMs: number;
  /** The hint of the last failure, if it had one, as it was given: it may be a fraction, or Infinity. */
  readonly hintMs?: number;
}

const reports = /* @__PURE__ */ realmTable<Report>('ostinato.reports');

/**
 * What happened in the call that ended with this error, or with any other object. The object itself is not changed. If
 * several calls end with one object, the last call to end wins. Undefined for primitives, and for objects that no call
 * has ended with.
 */
export const reportOf = (error: unknown): Report | undefined => reports.get(error as object);

/** Keeps a report for `reportOf`. A primitive cannot have one. */
export function remember(outcome: unknown, report: Report): void {
  if (Object(outcome) === outcome) reports.set(outcome as object, report);
}
