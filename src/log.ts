import type { AttemptRecord } from './report.js';

/**
 * An attempt as it is noted, with the one noted before it: a list from the latest back, which takes no array. Always of
 * one shape: a record whose keys come and go costs three times as much.
 */
export interface Entry {
  readonly attempt: number;
  readonly failed: boolean;
  readonly error: unknown;
  readonly startMs: number;
  readonly durationMs: number;
  readonly delayMs: number | undefined;
  before: Entry | undefined;
}

/** Takes one out of the middle where there are too many; the first ten stay, and the last ten. */
export function thinned(latest: Entry): Entry {
  if (latest.attempt > 20) {
    let last = latest;
    for (let i = 1; i < 10; i++) last = last.before!;
    last.before = last.before!.before;
  }
  return latest;
}

/** The attempts as a report shows them, from the first on. */
export function records(latest: Entry | undefined): AttemptRecord[] {
  const list: AttemptRecord[] = [];
  for (let entry = latest; entry; entry = entry.before) {
    const { before: _, failed, error, delayMs, ...rest } = entry;
    list.unshift({
      ...rest,
      ...(failed && { error }),
      ...(delayMs !== undefined && { delayMs }),
    });
  }
  return list;
}
