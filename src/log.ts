import type { AttemptRecord } from './report.js';

/**
 * An attempt as it is noted, with the one noted before it: a list from the latest back, which takes no array. Always of
 * one shape, a record whose keys come and go costs three times as much; and without its number, which is known from its
 * place.
 */
export interface Entry {
  readonly failed: boolean;
  readonly error: unknown;
  readonly startMs: number;
  readonly durationMs: number;
  readonly delayMs: number | undefined;
  before: Entry | undefined;
}

/** Takes one out of the middle where there are too many; the first ten stay, and the last ten. */
export function thinned(latest: Entry, attempt: number): Entry {
  if (attempt > 20) {
    let last = latest;
    for (let i = 1; i < 10; i++) last = last.before!;
    last.before = last.before!.before;
  }
  return latest;
}

/** The attempts as a report shows them, from the first on; `attempt` is the number of the latest. */
export function records(latest: Entry | undefined, attempt: number): AttemptRecord[] {
  const list: AttemptRecord[] = [];
  for (let entry = latest; entry; entry = entry.before) {
    const { before: _, failed, error, delayMs, ...times } = entry;
    list.unshift({
      attempt: attempt--,
      ...times,
      ...(failed && { error }),
      ...(delayMs !== undefined && { delayMs }),
    });
    if (list.length === 10 && attempt > 10) attempt = 10;
  }
  return list;
}
