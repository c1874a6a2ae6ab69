import type { Observation, Observer } from '../observer.js';
import { smallest } from '../shrink.js';
import type { Found, Law } from './law.js';

export const withinCap: Law = {
  name: 'within-cap',
  text: 'no delay is longer than the cap, jitter included',
  find(observer) {
    const { capMs } = observer.subject;
    return capMs === undefined
      ? undefined
      : smallest(observer.retries, (retry) => overCap(observer, retry, capMs));
  },
};

function overCap(observer: Observer, retry: number, capMs: number): Found | undefined {
  const over = ({ delay }: Observation): boolean => delay > capMs;
  const at = observer.simple(retry).find(over) ?? observer.sampled(retry).find(over);
  return at && { at, message: `the cap is ${capMs} ms` };
}
