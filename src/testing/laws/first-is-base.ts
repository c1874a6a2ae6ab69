import type { Law } from './law.js';

/** Formulas round in different directions, by up to 1 ms. Near 2^53 ms a double cannot hold every millisecond. */
const rounding = (ms: number): number => 1 + ms * 2 ** -50;

export const firstIsBase: Law = {
  name: 'first-is-base',
  text: 'the first delay is the base, or an interval around it',
  find(observer) {
    const { baseMs, capMs = Infinity, list } = observer.subject;
    if (baseMs === undefined || list === true) return undefined;
    const expected = Math.min(baseMs, capMs);
    const seen = observer.envelope(1);
    if (seen === undefined) return undefined;
    const allowed = rounding(expected) + seen.slackMs;
    if (seen.minMs - allowed <= expected && expected <= seen.maxMs + allowed) return undefined;
    const nearest = expected < seen.minMs ? seen.minMs : seen.maxMs;
    return {
      at: observer.simple(1).find(({ delay }) => delay === nearest)!,
      message: `the base is ${expected} ms, and the first delay lies between ${seen.minMs} and ${seen.maxMs} ms`,
    };
  },
};
