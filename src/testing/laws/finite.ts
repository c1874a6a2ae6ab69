import type { Observation, Observer } from '../observer.js';
import { smallest } from '../shrink.js';
import type { Found, Law } from './law.js';

export const finite: Law = {
  name: 'finite',
  text: 'every delay is a whole number of milliseconds, 0 or more, at every retry',
  find: (observer) => smallest(observer.retries, (retry) => oddDelay(observer, retry)),
};

const odd = ({ delay }: Observation): boolean => !(Number.isInteger(delay) && delay >= 0);

function oddDelay(observer: Observer, retry: number): Found | undefined {
  const at = observer.simple(retry).find(odd) ?? observer.sampled(retry).find(odd);
  return at && { at, message: wrong(at.delay) };
}

function wrong(delay: number): string {
  if (Number.isNaN(delay)) return 'the delay is not a number';
  if (delay < 0) return 'the delay is negative';
  return Number.isFinite(delay) ? 'the delay is not a whole number' : 'the delay is infinite';
}
