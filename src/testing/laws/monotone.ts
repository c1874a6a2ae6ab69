import type { Envelope, Observation, Observer } from '../observer.js';
import type { Found, Law } from './law.js';

export const monotone: Law = {
  name: 'monotone',
  text: 'neither the shortest nor the longest delay shrinks from one retry to the next',
  find(observer) {
    if (observer.subject.list === true) return undefined;
    let before = 0;
    for (const retry of observer.retries) {
      if (before > 0) {
        const found = shrinks(observer, before, retry);
        if (found) return found;
      }
      before = retry;
    }
    return undefined;
  },
};

type End = 'minMs' | 'maxMs';

/** A counterexample if an end of the envelope is smaller at the later retry. Halves the gap until the two retries are neighbours. */
function shrinks(observer: Observer, early: number, late: number): Found | undefined {
  const end = (['maxMs', 'minMs'] as const).find((one) => smaller(observer, early, late, one));
  if (end === undefined) return undefined;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (smaller(observer, early, middle, end)) late = middle;
    else early = middle;
  }
  const [before, after] = [observer.envelope(early), observer.envelope(late)];
  const name = end === 'maxMs' ? 'longest' : 'shortest';
  return {
    at: observer.simple(late).find(({ delay }: Observation) => delay === after?.[end])!,
    message: `the ${name} delay was ${before?.[end]} ms at retry ${early}`,
  };
}

function smaller(observer: Observer, early: number, late: number, end: End): boolean {
  const [before, after] = [observer.envelope(early), observer.envelope(late)];
  return before !== undefined && after !== undefined && surelyLess(after, before, end);
}

/** Whether an end has shrunk for certain. The true end may lie `slackMs` beyond the one that was seen. */
const surelyLess = (after: Envelope, before: Envelope, end: End): boolean =>
  end === 'maxMs' ? after.maxMs + after.slackMs < before.maxMs : after.minMs < before.minMs - before.slackMs;
