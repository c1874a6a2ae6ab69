import { describe, expect, test, vi } from 'vitest';
import { readRetryHint } from '../../src/http/index.js';
import { headerCases } from '../vectors/load.js';
import { badHints, MOST_READS } from './header-fuzz.js';
import { inEveryTimeZone } from './time-zones.js';

const now = Date.UTC(2026, 10, 22, 12);
const read = (headers: unknown): number | undefined => readRetryHint(headers, now);
const epochSeconds = (ms: number): string => String((now + ms) / 1000);

inEveryTimeZone(() => {
  test.each(headerCases)('$name: $why', ({ headers, now: local, expectMs }) => {
    expect(readRetryHint(headers, Date.parse(local)) ?? null).toBe(expectMs);
  });
});

describe('what holds the headers', () => {
  const pairs: [string, string][] = [
    ['Retry-After', '7'],
    ['X-Other', '1'],
  ];
  test.each<[string, unknown]>([
    ['Headers', new Headers(pairs)],
    ['something with get', { get: (name: string) => new Headers(pairs).get(name) }],
    ['a plain object', Object.fromEntries(pairs)],
    ['a plain object with lists', { 'RETRY-AFTER': ['5', 7] }],
    ['a Map', new Map(pairs)],
  ])('may be %s', (_name, headers) => {
    expect(read(headers)).toBe(7000);
  });

  test('may be anything at all, and throw', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = { get: vi.fn<() => string>().mockThrow(new Error('no')) };
    const cyclic: Record<string, unknown> = {};
    cyclic['retry-after'] = cyclic;
    for (const headers of [undefined, null, 0, 'x', [], Symbol('x'), proxy, throwing, cyclic, () => 5]) {
      expect(read(headers)).toBeUndefined();
    }
  });

  test('is read a bounded number of times', () => {
    const get = vi.fn<(name: string) => string>(() => 'nonsense');
    expect(read({ get })).toBeUndefined();
    expect(get.mock.calls.length).toBeLessThanOrEqual(MOST_READS);
  });
});

describe('the order of the sources', () => {
  /** From the first to be asked to the last, each with a hint of its own. */
  const sources: Record<string, string>[] = [
    { 'grpc-retry-pushback-ms': '1' },
    { 'retry-after-ms': '2' },
    { 'x-ms-retry-after-ms': '3' },
    { 'x-amz-retry-after': '4' },
    { 'retry-after': '5' },
    { ratelimit: '"default";r=0;t=6' },
    { 'ratelimit-reset': '7', 'ratelimit-remaining': '0' },
    { 'x-ratelimit-reset-after': '8', 'x-ratelimit-remaining': '0' },
    { 'x-ratelimit-reset': '9' },
    { 'x-rate-limit-reset': '10' },
    { 'x-ratelimit-reset-tokens': '11s', 'x-ratelimit-remaining-tokens': '0' },
  ];
  const expected = [1, 2, 3, 4, 5000, 6000, 7000, 8000, 9000, 10_000, 11_000];

  test.each(sources.map((_, i) => i))('source %i wins over all after it', (i) => {
    expect(read(Object.assign({}, ...sources.slice(i)))).toBe(expected[i]);
  });

  test.each(sources.map((_, i) => i))('source %i gives way to the next where it cannot be read', (i) => {
    const unreadable = Object.fromEntries(Object.keys(sources[i]!).map((name) => [name, '?']));
    expect(read(Object.assign({}, ...sources.slice(i + 1), unreadable))).toBe(expected[i + 1]);
  });
});

describe('a hint', () => {
  test.each<[string, Record<string, unknown>, number | undefined]>([
    ['milliseconds, the larger of two', { 'retry-after-ms': '100, 200' }, 200],
    ['milliseconds that overflow', { 'retry-after-ms': '9'.repeat(400) }, Number.MAX_SAFE_INTEGER],
    ['a fraction of a millisecond of gRPC', { 'grpc-retry-pushback-ms': '1.5' }, undefined],
    ['the longest of gRPC', { 'grpc-retry-pushback-ms': '2147483647' }, 2_147_483_647],
    ['more than 32 bits of gRPC', { 'grpc-retry-pushback-ms': '2147483648' }, undefined],
    ['a list of gRPC metadata', { get: () => ['250'] }, 250],
    [
      'RateLimit with a partition key and spaces',
      { ratelimit: '"a";r=0; t=5;pk=:cHM=: ,  "b" ;r=0;t=9' },
      undefined,
    ],
    ['RateLimit with a byte sequence', { ratelimit: '"a";r=0; t=5;pk=:cHM=:,\t"b";r=0;t=9' }, 9000],
    ['RateLimit with a token for a name', { ratelimit: 'default;r=0;t=5' }, 5000],
    ['RateLimit without a remaining count', { ratelimit: '"a";t=5' }, undefined],
    ['RateLimit with one malformed item', { ratelimit: '"a";r=0;t=5,"b";r=0;t=-1' }, undefined],
    ['RateLimit malformed where quota is left', { ratelimit: '"a";r=0;t=5,"b";r=1;t=x' }, undefined],
    ['RateLimit with something behind it', { ratelimit: '"a";r=0;t=5"b"' }, undefined],
    ['RateLimit with a negative count', { ratelimit: '"a";r=-1;t=5' }, undefined],
    ['RateLimit that is not closed', { ratelimit: '"a;r=0;t=5' }, undefined],
    ['RateLimit with an empty member', { ratelimit: '"a";r=0;t=5,' }, undefined],
    ['RateLimit of version 07 without a reset', { ratelimit: 'limit=10, remaining=0' }, undefined],
    ['RateLimit of version 07 with a policy', { ratelimit: 'limit=10;w=60, remaining=0, reset=5;x' }, 5000],
    ['RateLimit for ever', { ratelimit: `"a";r=0;t=${'9'.repeat(15)}` }, Number.MAX_SAFE_INTEGER],
    ['RateLimit with an integer too long', { ratelimit: `"a";r=0;t=${'9'.repeat(16)}` }, undefined],
    ['RateLimit with a number for a name', { ratelimit: '12;r=0;t=5' }, undefined],
    ['RateLimit with bytes for a name', { ratelimit: ':AA==:;r=0;t=5' }, undefined],
    ['RateLimit with a boolean for a name', { ratelimit: '?1;r=0;t=5' }, undefined],
    ['RateLimit with a wrong name where quota is left', { ratelimit: '"a";r=0;t=5,12;r=1' }, undefined],
    ['RateLimit with a Date', { ratelimit: '"a";r=0;t=5;x=@1795348890' }, 5000],
    ['RateLimit with a fraction of a Date', { ratelimit: '"a";r=0;t=5;x=@1.5' }, undefined],
    ['RateLimit with a Date as its time', { ratelimit: '"a";r=0;t=@1795348890' }, undefined],
    ['RateLimit with a Display String', { ratelimit: '"a";x=%"f%c3%bc;,";r=0;t=5' }, 5000],
    ['RateLimit with a broken Display String', { ratelimit: '"a";x=%"f%C3";r=0;t=5' }, undefined],
    [
      'a reset while a fraction remains',
      { 'x-ratelimit-remaining': '0.5', 'x-ratelimit-reset': '5' },
      undefined,
    ],
    ['a reset with a count below zero', { 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '5' }, 5000],
    ['a reset of the other spelling', { 'x-ratelimit-remaining': '9', 'x-rate-limit-reset': '5' }, 5000],
    ['a reset of 0', { 'x-ratelimit-reset': '0' }, 0],
    ['a reset in epoch seconds', { 'ratelimit-reset': epochSeconds(90_000) }, 90_000],
    ['a reset for ever', { 'x-ratelimit-reset': '9'.repeat(30) }, Number.MAX_SAFE_INTEGER],
    ['a cached reset', { 'ratelimit-reset': '5', age: '1' }, undefined],
    ['a fresh reset', { 'ratelimit-reset': '5', age: '0' }, 5000],
    ['a reset in words', { 'x-ratelimit-reset': new Date(now + 9000).toUTCString() }, undefined],
    ['Go: hours', tokens('1h2m3s'), 3_723_000],
    ['Go: nanoseconds, rounded up', tokens('1ns'), 1],
    // As numbers, each of these would be a millisecond more.
    ['Go: 16.1 s', tokens('16.1s'), 16_100],
    ['Go: 4.03 s', tokens('4.03s'), 4030],
    ['Go: 8.05 s', tokens('8.05s'), 8050],
    ['Go: 2.007 s', tokens('2.007s'), 2007],
    ['Go: fractions of minutes and hours', tokens('4.03m1.1h'), 4_201_800],
    ['Go: a microsecond more', tokens('16.100001s'), 16_101],
    ['Go: Greek mu', tokens('1500\u03bcs'), 2],
    ['Go: a micro sign in UTF-8, read byte by byte', tokens('1500\u00c2\u00b5s'), 2],
    ['Go: nothing left to wait', tokens('0s'), 0],
    ['Go: white space around it', tokens(' 6m0s\t'), 360_000],
    ['Go: a sign', tokens('-1s'), undefined],
    ['Go: no unit, which are seconds', tokens('15'), 15_000],
    ['Go: a space inside', tokens('1m 2s'), undefined],
    ['Go: an unknown unit', tokens('1d'), undefined],
    ['Go: quota not known', { 'x-ratelimit-reset-tokens': '5s' }, undefined],
  ])('of %s', (_name, headers, expected) => {
    expect(read(headers)).toBe(expected);
  });

  test('is the same with a local clock two hours wrong', () => {
    const date = new Date(now).toUTCString();
    for (const headers of [
      { date, 'retry-after': new Date(now + 90_000).toUTCString() },
      { date, 'x-ratelimit-reset': epochSeconds(90_000) },
    ]) {
      for (const offMs of [-7_200_000, 0, 7_200_000])
        expect(readRetryHint(headers, now + offMs)).toBe(90_000);
    }
  });

  test('needs no clock where it names no instant, and is not guessed where it does', () => {
    expect(readRetryHint({ 'retry-after': '5' }, NaN)).toBe(5000);
    expect(readRetryHint({ 'x-ratelimit-reset': epochSeconds(0) }, NaN)).toBeUndefined();
    expect(readRetryHint({ 'retry-after': new Date(now).toUTCString() }, NaN)).toBeUndefined();
  });

  test('is read by the local clock if no time is given', () => {
    const soon = { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() };
    expect(readRetryHint(soon)).toBeGreaterThan(3_500_000);
  });
});

test('ten thousand random and mutated headers give a whole number or nothing, in a bounded number of reads', () => {
  expect(badHints(10_000, 2026)).toEqual([]);
});

function tokens(duration: string): Record<string, string> {
  return { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': duration };
}
