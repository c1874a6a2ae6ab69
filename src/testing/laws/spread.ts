import { type Envelope, nearlyOne, type Observation, type Observer } from '../observer.js';
import { smallest } from '../shrink.js';
import type { Found, Law } from './law.js';

/** In a smaller range, delays in whole milliseconds cannot show whether they are spread. */
const smallestRangeMs = 100;

/** A larger share of delays on exactly the longest value is a herd. An even spread over 100 ms puts 1/100 there. */
const herd = 1 / 4;

/** The widest gap between neighbouring delays, as a share of the range. `observer.ts` has the reasoning for sampled delays. */
const widestGap = 1 / 6;

/** Delays must come this near to both ends of a claimed range, as a share of it. */
const nearEnd = 1 / 6;

/** Halvings between two draws whose delays lie far apart. After this many, two doubles are neighbours: the delay leaps. */
const halvings = 52;

export const spread: Law = {
  name: 'spread',
  text: 'with jitter the delays vary over their whole interval, up to both ends, without a gap',
  find(observer) {
    if (observer.subject.jittered !== true) return undefined;
    return (
      neverVaries(observer) ??
      smallest(observer.retries, (retry) => herdAt(observer, retry, false) ?? uneven(observer, retry))
    );
  },
};

export const spreadAtCap: Law = {
  name: 'spread-at-cap',
  text: 'jitter does not collapse at the cap: many clients must not all wait exactly the same time',
  find(observer) {
    const { capMs, jittered } = observer.subject;
    if (jittered !== true || capMs === undefined) return undefined;
    return smallest(observer.retries, (retry) => herdAt(observer, retry, true));
  },
};

/** The subject claims jitter, but below the cap every probed retry has only one delay. */
function neverVaries(observer: Observer): Found | undefined {
  // A claimed range already says whether delays vary.
  if (observer.subject.range !== undefined) return undefined;
  const below = observer.retries.filter((retry) => isBelowCap(observer, retry));
  const varies = below.some((retry) => {
    const [first, ...others] = observer.sampled(retry);
    return others.some(({ delay }) => delay !== first!.delay);
  });
  const at = below.flatMap((retry) => observer.simple(retry)).find(({ delay }) => delay >= smallestRangeMs);
  return varies || at === undefined
    ? undefined
    : { at, message: 'the subject is jittered, but every draw gives this delay' };
}

/** A herd on the longest delay: at the cap if `atCap`, otherwise below it. */
function herdAt(observer: Observer, retry: number, atCap: boolean): Found | undefined {
  if (isBelowCap(observer, retry) === atCap || expectedRange(observer, retry) < smallestRangeMs)
    return undefined;
  const seen = observer.envelope(retry);
  if (seen === undefined) return undefined;
  const crowd = observer.sampled(retry);
  const together = crowd.filter(({ delay }) => delay === seen.maxMs).length;
  if (together <= crowd.length * herd) return undefined;
  return {
    at: observer.simple(retry).find(({ delay }) => delay === seen.maxMs)!,
    message: `${together} of ${crowd.length} clients wait exactly ${seen.maxMs} ms`,
  };
}

function isBelowCap(observer: Observer, retry: number): boolean {
  const seen = observer.envelope(retry);
  return seen !== undefined && seen.maxMs < (observer.subject.capMs ?? Infinity);
}

/**
 * How wide the delays of a retry should spread, in milliseconds. The first that applies:
 * - the range that the subject claims;
 * - in proportion to the delay, the widest spread of a retry below the cap;
 * - if all retries are at the cap, the whole delay.
 */
function expectedRange(observer: Observer, retry: number): number {
  const claimed = observer.subject.range?.(retry);
  if (claimed) return claimed.maxMs - claimed.minMs;
  const below = observer.retries.filter((other) => isBelowCap(observer, other));
  const shares = below.map((other) => share(observer.envelope(other)!));
  const longest = observer.envelope(retry)?.maxMs ?? 0;
  return longest * (below.length === 0 ? 1 : Math.max(...shares));
}

const share = ({ minMs, maxMs }: Envelope): number => (maxMs > 0 ? (maxMs - minMs) / maxMs : 0);

/** A gap in the interval, an end that no delay comes near, or a delay outside of the claimed range. */
function uneven(observer: Observer, retry: number): Found | undefined {
  const limits = observer.subject.range?.(retry) ?? observer.envelope(retry);
  // With sampled delays the true ends may lie a little further out, by too little to matter here.
  if (limits === undefined || limits.maxMs - limits.minMs < smallestRangeMs) return undefined;
  const seen = [...observer.simple(retry), ...observer.sampled(retry)].toSorted((a, b) => a.delay - b.delay);
  const [first, last] = [seen[0]!, seen.at(-1)!];
  const range = observer.subject.range ? limits : { minMs: first.delay, maxMs: last.delay };
  const width = range.maxMs - range.minMs;
  if (!Number.isFinite(width)) return undefined;
  const between = `the range is ${range.minMs} to ${range.maxMs} ms`;
  if (first.delay < range.minMs) return { at: first, message: `${between}, this delay is below` };
  if (last.delay > range.maxMs) return { at: last, message: `${between}, this delay is above` };
  if (first.delay > range.minMs + width * nearEnd)
    return { at: first, message: `${between}, no delay is lower` };
  if (last.delay < range.maxMs - width * nearEnd)
    return { at: last, message: `${between}, no delay is higher` };
  return gap(observer, seen, width * widestGap);
}

/** Two neighbouring delays that are too far apart, although draws between their draws were tried. */
function gap(observer: Observer, seen: readonly Observation[], widest: number): Found | undefined {
  for (let index = 1; index < seen.length; index++) {
    const [low, high] = [seen[index - 1]!, seen[index]!];
    if (high.delay - low.delay > widest && leaps(observer, low, high, widest)) {
      return { at: high, message: `no delay lies between ${low.delay} and ${high.delay} ms` };
    }
  }
  return undefined;
}

/**
 * Whether the delay leaps between two draws. A steep slope has a draw for every delay between: the decorrelated chain
 * passes most of its range within 1/100 of the draws. A leap is still there when the two draws are neighbours.
 */
function leaps(observer: Observer, low: Observation, high: Observation, widest: number): boolean {
  if (observer.subject.ownRandom === true) return true;
  // The delays come from streams, but the search needs one number to halve: the same draw for every retry.
  let [a, b] = [observer.ask(low.retry, 0), observer.ask(low.retry, nearlyOne)];
  if (a.delay > b.delay) [a, b] = [b, a];
  for (let step = 0; step < halvings; step++) {
    if (b.delay <= low.delay || a.delay >= high.delay) return true;
    const middle = observer.ask(low.retry, (a.draw! + b.draw!) / 2);
    if (middle.delay > low.delay && middle.delay < high.delay && high.delay - low.delay > widest) {
      // A delay lies between: check the two narrower gaps.
      return (
        (middle.delay - low.delay > widest && leaps(observer, low, middle, widest)) ||
        (high.delay - middle.delay > widest && leaps(observer, middle, high, widest))
      );
    }
    if (middle.delay <= low.delay) a = middle;
    else b = middle;
  }
  return true;
}
