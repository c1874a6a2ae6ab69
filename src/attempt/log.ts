import { defined } from './defined.js';
import { type Attempted, shown } from './events.js';
import type { AttemptRecord } from './report.js';

/**
 * An attempt that is over, with the one before it: a list from the latest attempt back, which needs no array. Every
 * entry has every key, because objects whose keys differ are three times slower.
 */
export interface Entry extends Attempted {
  readonly startMs: number;
  durationMs: number;
  delayMs: number | undefined;
  hintMs: number | undefined;
  /** What an observer threw, in a list of one: it may be undefined. */
  hookError: readonly [unknown] | undefined;
  /** The attempt as the report shows it, once there is a report. */
  record: AttemptRecord | undefined;
  before: Entry | undefined;
}

/** When the attempt was over: whole milliseconds since the call began. */
export const endOf = ({ startMs, durationMs }: Entry): number => startMs + durationMs;

/** The list with at most 20 entries: the first ten and the last ten attempts. */
export function thinned(latest: Entry): Entry {
  if (latest.attempt > 20) {
    let tenth = latest;
    for (let i = 1; i < 10; i++) tenth = tenth.before!;
    tenth.before = tenth.before!.before;
  }
  return latest;
}

/** Keeps what an observer threw with the attempt that it was called for, also in a report that exists already. */
export function keepHookError(entry: Entry | undefined, hookError: unknown): void {
  if (!entry) return;
  entry.hookError = [hookError];
  // A hook may have frozen the report: then this does nothing, and does not throw.
  if (entry.record) Reflect.set(entry.record, 'hookError', hookError);
}

/** The entries as a report shows them, from the first attempt on. With `ok` the value of the latest one is the result. */
export function recordsOf(latest: Entry | undefined, ok: boolean): AttemptRecord[] {
  const records: AttemptRecord[] = [];
  for (let entry = latest; entry; entry = entry.before) {
    const { attempt, failed, came, startMs, durationMs, delayMs, hintMs, hookError } = entry;
    entry.record = {
      attempt,
      ...(!(ok && entry === latest) && shown(failed, came)),
      startMs,
      durationMs,
      ...defined({ delayMs, hintMs }),
      ...(hookError && { hookError: hookError[0] }),
    };
    records.unshift(entry.record);
  }
  return records;
}
