import { trimmed } from '../internal.js';

/**
 * The units of Go's `time.Duration` in ms, as a power of ten that moves the point in the text (4.03 * 1000 is not 4030),
 * and what is left to multiply by. Both micro signs are written `us` by then.
 */
const UNITS: Readonly<Record<string, readonly [exponent: number, factor: number]>> = {
  h: [3, 3600],
  m: [3, 60],
  s: [3, 1],
  ms: [0, 1],
  us: [-3, 1],
  ns: [-6, 1],
};

/** A micro sign, or Greek mu, as a header delivers it: as such, or as UTF-8 that was read byte by byte. */
const MICRO = /\u00c2?\u00b5|\u03bc|\u00ce\u00bc/g;

/** One number with its unit; sticky, so that parts follow each other without a gap. */
const PART = /(\d+(?:\.\d+)?)([hmnsu]s?)/y;

/** What Go prints for a duration (`6m0s`, `1m30.5s`, `12ms`, `500µs`), in ms with fractions; NaN for anything else. */
export function parseGoDuration(text: string): number {
  const plain = trimmed(text.replace(MICRO, 'u'));
  let totalMs = plain === '' ? NaN : 0;
  for (let at = 0; at < plain.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const part = PART.exec(plain);
    if (!part) return NaN;
    const [exponent, factor] = UNITS[part[2]!] ?? [0, NaN];
    totalMs += Number(`${part[1]}e${exponent}`) * factor;
  }
  return totalMs;
}
