import { nearlyOne, type Observation, type Observer } from '../observer.js';
import type { Found, Law } from './law.js';

/** The draws that are compared. For each one the law asks twice. */
const draws = [0, 0.5, nearlyOne];

export const deterministic: Law = {
  name: 'deterministic',
  text: 'the same retry with the same draw gives the same delay: no other random numbers and no hidden state',
  find(observer) {
    if (observer.subject.ownRandom === true) return undefined;
    // Once upward and once downward, because a hidden counter cannot give the same delays both times.
    const first = pass(observer, observer.retries);
    const second = pass(observer, observer.retries.toReversed()).toReversed();
    return first
      .map((before, index) => difference(before, second[index]!))
      .find((found) => found !== undefined);
  },
};

const pass = (observer: Observer, retries: readonly number[]): Observation[][] =>
  retries.map((retry) => [
    ...draws.map((draw) => observer.ask(retry, draw)),
    ...observer.askStreams(retry, 1),
  ]);

function difference(before: readonly Observation[], after: readonly Observation[]): Found | undefined {
  const index = before.findIndex(({ delay }, at) => !Object.is(delay, after[at]!.delay));
  if (index === -1) return undefined;
  return {
    at: after[index]!,
    message: `the same retry and draw gave ${before[index]!.delay} ms before`,
  };
}
