import type { StopReason } from './decide.js';

/** Why a call has ended without success: what `decide` says, or `retry` itself, or (`stalled`) a queue. */
export type Reason = StopReason | 'aborted' | 'hook-failed' | 'stalled';

/** One attempt, everything in whole milliseconds. */
export interface AttemptRecord {
  /** Counted from 1. */
  readonly attempt: number;
  /** What the attempt failed with; not there if it gave a value. */
  readonly error?: unknown;
  /** When it began, counted from the start of the call. */
  readonly startMs: number;
  readonly durationMs: number;
  /** The delay chosen after it; not there if the call ended with it. */
  readonly delayMs?: number;
}

/**
 * What happened in a call. Where calls without options begin one right after the other, up to 64 in one turn of the
 * event loop take the time of the first of them for their start: reading a clock costs as much as such a call.
 */
export interface Report {
  readonly ok: boolean;
  /** Not there if the call has succeeded. */
  readonly reason?: Reason;
  /** The first ten attempts and the last ten. */
  readonly attempts: readonly AttemptRecord[];
  /** How many attempts between them are left out. */
  readonly droppedAttempts: number;
  readonly elapsedMs: number;
  /** The hint of the last failure, if it had one: as it was given, so it may be a fraction, or Infinity. */
  readonly hintMs?: number;
}

const reports = /* @__PURE__ */ new WeakMap<object, Report>();

/**
 * What happened in the call that ended with this error (or any other object a call of ours ended with). The error
 * itself is never touched. If several calls end with one object, the last one to end wins; undefined for primitives
 * and for what no call has ended with.
 */
export function reportOf(error: unknown): Report | undefined {
  return reports.get(error as object);
}

/** Keeps a report for `reportOf`; nothing can be kept for a primitive. */
export function remember(outcome: unknown, report: Report): void {
  if (Object(outcome) === outcome) reports.set(outcome as object, report);
}
