import { trimmed } from '../internal.js';

/** The units of Go's `time.Duration`, in ms. Both micro signs are written `us` by then. */
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
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
    totalMs += Number(part[1]) * (UNIT_MS[part[2]!] ?? NaN);
  }
  return totalMs;
}
