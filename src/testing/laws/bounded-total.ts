import type { Law } from './law.js';

/** A schedule without a limit on retries has no sum: then the law adds up this many delays. */
const mostRetries = 100_000;

export const boundedTotal: Law = {
  name: 'bounded-total',
  text: 'all delays together, each at its longest, stay within the budget',
  find(observer) {
    const { budgetMs, subject } = observer;
    if (budgetMs === undefined) return undefined;
    const last = Math.min(subject.maxRetries ?? Infinity, mostRetries);
    let totalMs = 0;
    for (let retry = 1; retry <= last; retry++) {
      const longest = observer.simple(retry).reduce((one, other) => (other.delay > one.delay ? other : one));
      totalMs += longest.delay;
      if (!(totalMs <= budgetMs)) {
        return {
          at: longest,
          message: `the delays up to this retry add up to ${totalMs} ms, the budget is ${budgetMs} ms`,
        };
      }
    }
    return undefined;
  },
};
