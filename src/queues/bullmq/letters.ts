import type { BullDeadLetterQueue, BullEntry } from './host.js';

/**
 * Where the entries of a dead-letter queue are, on which nobody works: they wait (in a paused one too: BullMQ 5 counts
 * those as waiting), or where the queue's own default options have put them.
 */
const STATES = ['waiting', 'prioritized', 'delayed'];

/** Entries that are read at once. */
const PAGE = 100;

/** The entries after the first `skip`, the oldest of each state first. */
export async function* letters(
  dead: BullDeadLetterQueue,
  skip = 0,
  size = PAGE,
): AsyncGenerator<BullEntry, void, undefined> {
  let left = skip;
  const page = Math.min(size, PAGE);
  for (const state of STATES) {
    let start = left === 0 ? 0 : Math.min(left, await dead.getJobCountByTypes(state));
    left -= start;
    for (;;) {
      const jobs = await dead.getJobs([state], start, start + page - 1, true);
      yield* jobs.filter((job) => job !== undefined);
      if (jobs.length === 0) break;
      start += page;
    }
  }
}

/** Removes the entries that `isOver` picks, and tells how many they were. */
export async function removeLetters(
  dead: BullDeadLetterQueue,
  isOver: (entry: BullEntry) => boolean,
): Promise<number> {
  let removed = 0;
  for (const state of STATES) {
    for (let kept = 0; ;) {
      const jobs = await dead.getJobs([state], kept, kept + PAGE - 1, true);
      const page = jobs.filter((job) => job !== undefined);
      if (page.length === 0) break;
      const over = page.filter(isOver);
      for (const entry of over) await entry.remove();
      removed += over.length;
      kept += page.length - over.length;
    }
  }
  return removed;
}
