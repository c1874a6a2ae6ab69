import { type Envelope, nearlyOne, type Observation, type Observer } from '../observer.js';
import { smallest } from '../shrink.js';
import type { Found, Law } from './law.js';

/** Below this range whole milliseconds are too coarse to tell a spread from its absence. */
const smallestRangeMs = 100;

/** So many delays on the very longest value are a herd: a spread of 100 ms and more puts a hundredth there. */
const herd = 1 / 4;

/** No two neighbouring delays lie further apart than this share of the range (see `observer.ts` for sampled ones). */
const widestGap = 1 / 6;

/** How near the ends of a claimed range delays must come, as a share of it. */
const nearEnd = 1 / 6;

/** Halvings of the draw between two delays that lie far apart: after so many, it is a leap and no slope. */
const halvings = 52;

export const spread: Law = {
  name: 'spread',
  text: 'with jitter delays really vary: over their whole interval, up to both ends, without a gap',
  judge(observer) {
    if (observer.subject.jittered !== true) return undefined;
    return (
      neverVaries(observer) ??
      smallest(observer.retries, (retry) => herdAt(observer, retry, false) ?? uneven(observer, retry))
    );
  },
};

export const spreadAtCap: Law = {
  name: 'spread-at-cap',
  text: 'jitter does not collapse at the cap: many clients must not all wait exactly as long as each other',
  judge(observer) {
    const { capMs, jittered } = observer.subject;
    if (jittered !== true || capMs === undefined) return undefined;
    return smallest(observer.retries, (retry) => herdAt(observer, retry, true));
  },
};

/** Jitter was claimed, and below the cap not one probed retry has two delays. */
function neverVaries(observer: Observer): Found | undefined {
  // A claimed range says itself whether there is anything to see.
  if (observer.subject.range !== undefined) return undefined;
  const below = observer.retries.filter((retry) => isBelowCap(observer, retry));
  const varies = below.some((retry) => {
    const [first, ...others] = observer.sampled(retry);
    return others.some(({ delay }) => delay !== first!.delay);
  });
  const at = below.flatMap((retry) => observer.simple(retry)).find(({ delay }) => delay >= smallestRangeMs);
  return varies || at === undefined
    ? undefined
    : { at, message: 'jitter was claimed, and every draw gives this delay' };
}

/** A herd on the longest delay, at the cap or below it. */
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
 * How far delays should spread at a retry: what the subject claims; else as widely, in proportion, as they do at the
 * best retry below the cap; else, if all are at the cap, anything up to the cap.
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

/** A gap in the interval, an end never reached, or a delay outside of the range claimed. */
function uneven(observer: Observer, retry: number): Found | undefined {
  const limits = observer.subject.range?.(retry) ?? observer.envelope(retry);
  // In samples both ends may lie a little further out: too little to matter here.
  if (limits === undefined || limits.maxMs - limits.minMs < smallestRangeMs) return undefined;
  const seen = [...observer.simple(retry), ...observer.sampled(retry)].toSorted((a, b) => a.delay - b.delay);
  const [first, last] = [seen[0]!, seen.at(-1)!];
  const range = observer.subject.range ? limits : { minMs: first.delay, maxMs: last.delay };
  const width = range.maxMs - range.minMs;
  if (!Number.isFinite(width)) return undefined;
  const between = `the range is ${range.minMs} to ${range.maxMs} ms`;
  if (first.delay < range.minMs) return { at: first, message: `${between}: this is below` };
  if (last.delay > range.maxMs) return { at: last, message: `${between}: this is above` };
  if (first.delay > range.minMs + width * nearEnd)
    return { at: first, message: `${between}: nothing came lower` };
  if (last.delay < range.maxMs - width * nearEnd)
    return { at: last, message: `${between}: nothing came higher` };
  return gap(observer, seen, width * widestGap);
}

/** Two delays with nothing between them, though draws between theirs were tried. */
function gap(observer: Observer, seen: readonly Observation[], widest: number): Found | undefined {
  for (let index = 1; index < seen.length; index++) {
    const [low, high] = [seen[index - 1]!, seen[index]!];
    if (high.delay - low.delay > widest && leaps(observer, low, high, widest)) {
      return { at: high, message: `nothing lies between ${low.delay} and ${high.delay} ms` };
    }
  }
  return undefined;
}

/**
 * Whether the delay leaps between two draws. A steep slope has a draw for every delay between (the decorrelated chain
 * goes through most of its range within a hundredth of the draw); a leap is still there when the draws have met.
 */
function leaps(observer: Observer, low: Observation, high: Observation, widest: number): boolean {
  if (observer.subject.ownRandom === true) return true;
  // One draw for every retry is a line through all chances, so the ends of the gap are looked for on that line.
  let [a, b] = [observer.ask(low.retry, 0), observer.ask(low.retry, nearlyOne)];
  if (a.delay > b.delay) [a, b] = [b, a];
  for (let step = 0; step < halvings; step++) {
    if (b.delay <= low.delay || a.delay >= high.delay) return true;
    const middle = observer.ask(low.retry, (a.draw! + b.draw!) / 2);
    if (middle.delay > low.delay && middle.delay < high.delay && high.delay - low.delay > widest) {
      // Something lies between: the gap is narrower than it looked, or two gaps.
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
