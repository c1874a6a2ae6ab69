import { readRetryHint } from '../../src/http/index.js';
import { seeded } from '../../src/index.js';
import { headerCases } from '../vectors/load.js';

/** More reads of headers than this, for whatever is in them, would be a loop over their content. */
export const MOST_READS = 100;

/** Pieces that a parser may stumble over, and characters that none expects. */
const PIECES = [
  '0',
  '1',
  '9',
  '59',
  '60',
  '1e3',
  '-',
  '+',
  '.',
  ',',
  ';',
  ':',
  '=',
  '"',
  '\\',
  ' ',
  '\t',
  '\r\n',
  '\u00a0',
  '\ufeff',
  '１',
  '٣',
  '²',
  'µ',
  's',
  'ms',
  'h',
  'm',
  'GMT',
  'UTC',
  '+0200',
  '-0000',
  'Sun',
  'Sunday',
  'Nov',
  'Feb',
  '29',
  '31',
  '2026',
  '0000',
  '9999',
  '12:00:00',
  '24:00:00',
  'T',
  'Z',
  'r=0',
  '0, 14523',
  '1, 1419704',
  '1m30s',
  ';w=60',
  '2026-11-28T04:01:00Z',
  't=5',
  '"a"',
  'limit',
  'remaining=0',
  'reset=',
  'NaN',
  'Infinity',
  '0x10',
  '\u0000',
  '\ud800',
  '🕐',
  '9'.repeat(30),
  '9'.repeat(400),
  'x'.repeat(2000),
  ' '.repeat(2000),
] as const;

/** Spellings that no recorded response has. */
const NAMES = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].flatMap((quota) => [
  ...['', '-ms', '-milliseconds', '-seconds'].flatMap((unit) =>
    ['retry-after', 'reset-after', 'reset'].map((name) => `${quota}-${name}${unit}`),
  ),
  ...['remaining', 'remaining-tokens', 'reset-tokens', 'reset-requests'].map((name) => `${quota}-${name}`),
]);

/**
 * Reads the hints of `runs` headers made by chance from the recorded ones and from pieces, and returns those that gave
 * anything but a whole number >= 0 or undefined, that threw, or that were read too often. The seed repeats a run.
 */
export function badHints(runs: number, seed: number | string): readonly unknown[] {
  const random = seeded(seed);
  let draws = 0;
  const below = (n: number): number => Math.floor(random(++draws) * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;

  const names = [...new Set([...headerCases.flatMap(({ headers }) => Object.keys(headers)), ...NAMES])];
  const values = headerCases.flatMap(({ headers }) => Object.values(headers));

  const randomText = (): string => Array.from({ length: below(12) }, () => pick(PIECES)).join('');
  const mutated = (value: unknown): unknown => {
    if (typeof value !== 'string')
      return below(2) ? value : pick([NaN, Infinity, -1, 1e300, 5e-324, {}, [], null, true]);
    const at = below(value.length + 1);
    const kept = value.slice(at + below(3));
    return value.slice(0, at) + (below(2) ? pick(PIECES) : String.fromCharCode(below(0x200))) + kept;
  };
  const randomValue = (): unknown => {
    switch (below(4)) {
      case 0:
        return randomText();
      case 1:
        return [mutated(pick(values)), randomText()];
      default:
        return mutated(pick(values));
    }
  };

  const bad: unknown[] = [];
  for (let run = 0; run < runs; run++) {
    const headers: Record<string, unknown> = {};
    for (let i = below(6); i >= 0; i--) headers[pick(names).toLowerCase()] = randomValue();
    let reads = 0;
    const get = (name: string): unknown => (reads++, headers[name]);
    try {
      const hintMs = readRetryHint({ get }, below(3) ? 1.8e12 : pick([0, -1e15, 8.64e15, 1e300]));
      const isRight =
        hintMs === undefined || (Number.isSafeInteger(hintMs) && hintMs >= 0 && !Object.is(hintMs, -0));
      if (!isRight || reads > MOST_READS) bad.push({ headers, hintMs, reads });
    } catch (error) {
      bad.push({ headers, error });
    }
  }
  return bad;
}
