import type { Law } from './law.js';

/** Budgets are for schedules that end; of one that does not, so many retries are added up. */
const furthest = 100_000;

export const boundedTotal: Law = {
  name: 'bounded-total',
  text: 'all delays together, each at its longest, stay within the budget',
  judge(observer) {
    const { budgetMs, subject } = observer;
    if (budgetMs === undefined) return undefined;
    const last = Math.min(subject.maxRetries ?? Infinity, furthest);
    let totalMs = 0;
    for (let retry = 1; retry <= last; retry++) {
      const longest = observer.simple(retry).reduce((one, other) => (other.delay > one.delay ? other : one));
      totalMs += longest.delay;
      if (!(totalMs <= budgetMs)) {
        return {
          at: longest,
          message: `the delays so far add up to ${totalMs} ms, the budget is ${budgetMs} ms`,
        };
      }
    }
    return undefined;
  },
};
