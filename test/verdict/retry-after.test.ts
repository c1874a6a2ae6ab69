import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter, readRetryAfter, serverNow } from '../../src/verdict/retry-after.js';
import { headerCases } from '../vectors/load.js';

const now = Date.UTC(2026, 10, 22, 12);
const parse = (value: unknown): number | undefined => parseRetryAfter(value, now);

/** What the vectors say about other headers than these is no business of this parser. */
const groups =
  /^(?:absent|names|delay|decimal|reject|absurd|date|year2|robust-date|reject-date|multi|skew|epoch)\//;
const cases = headerCases.filter(({ name }) => groups.test(name));

describe('Retry-After of a response', () => {
  test.each(cases)('$name: $why', ({ headers, now: local, expectMs }) => {
    expect(readRetryAfter(headers, Date.parse(local)) ?? null).toBe(expectMs);
  });

  test('reads every kind of headers object the same', () => {
    const plain = { 'Retry-After': '120' };
    for (const headers of [
      plain,
      new Headers(plain),
      { get: (name: string) => new Headers(plain).get(name) },
    ]) {
      expect(readRetryAfter(headers, now)).toBe(120_000);
    }
  });

  test('keys that differ in case only are lines of one header', () => {
    expect(readRetryAfter({ 'retry-after': '5', 'Retry-After': ['60', 7] }, now)).toBe(60_000);
  });

  test('headers that are none, or throw, hold no hint', () => {
    const throwing = {
      get 'retry-after'() {
        throw new Error('no');
      },
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    for (const headers of [undefined, null, 5, 'retry-after: 5', [], throwing, revoked.proxy]) {
      expect(readRetryAfter(headers, now)).toBeUndefined();
    }
  });
});

describe("the server's clock", () => {
  test('is Date plus Age, else the local clock', () => {
    const date = 'Sun, 22 Nov 2026 11:00:00 GMT';
    expect(serverNow({ date }, 7)).toBe(now - 3_600_000);
    expect(serverNow({ date, age: '30' }, 7)).toBe(now - 3_570_000);
    expect(serverNow({ date, age: 30 }, 7)).toBe(now - 3_570_000);
    expect(serverNow({ date, age: '-30' }, 7)).toBe(now - 3_600_000);
    expect(serverNow({ date, age: '1.5' }, 7)).toBe(now - 3_600_000);
    expect(serverNow({ age: '30' }, 7)).toBe(7);
    expect(serverNow({ date: [date, date] }, 7)).toBe(7);
    expect(serverNow({ date: '2026-11-22T11:00:00Z' }, 7)).toBe(7);
  });

  test('keeps a hint right when the local clock is two hours wrong', () => {
    const headers = { date: 'Sun, 22 Nov 2026 12:00:00 GMT', 'retry-after': 'Sun, 22 Nov 2026 12:00:45 GMT' };
    for (const offMs of [-7_200_000, 0, 7_200_000]) expect(readRetryAfter(headers, now + offMs)).toBe(45_000);
  });
});

describe('a Retry-After value', () => {
  test('may be asctime with a day of one digit, padded or not', () => {
    for (const day of ['Dec  2', 'Dec 2', 'Dec 02'])
      expect(parse(`Wed ${day} 12:00:00 2026`)).toBe(864_000_000);
  });

  test.each([
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    [1e21, Number.MAX_SAFE_INTEGER],
    [1e-6, 1],
    [64.57, 64_570],
    ['16.1', 16_100],
    ['1.005', 1005],
    ['\t120\r\n', 120_000],
    [['soon', 60, '5'], 60_000],
    ['５, 30', 30_000],
    ['Sun, 22 Nov 2026 12:01:30 GMT, Sunday, 22-Nov-26 12:03:00 GMT, 5', 180_000],
    ['5, Sun Nov 22 12:01:30 2026', 90_000],
    ['sUN,22-nOV-2026 12:01:30 uT', 90_000],
    ['Sun, 22 Nov 2026 06:31:30 -0530', 90_000],
    ['2026-11-22T17:31:30.001+05:30', 90_001],
    ['2026-11-23T11:01:30+23:00', 90_000],
    ['1970-01-01T00:00:00Z', 0],
    ['Sun, 22 Nov 2026 23:59:60 GMT', 43_200_000],
    ['Sunday, 22-Nov-76 12:00:00 GMT', Date.UTC(2076, 10, 22, 12) - now],
    ['Sunday, 22-Nov-76 12:00:01 GMT', 0],
  ])('%j asks for %j ms', (value, expected) => {
    expect(parse(value)).toBe(expected);
  });

  test.each([
    undefined,
    null,
    true,
    {},
    [],
    [null],
    Symbol('5'),
    () => 5,
    NaN,
    Infinity,
    -1,
    [['5']],
    '5.',
    '.5',
    '0o7',
    '-0',
    '5e0',
    'NaN',
    '\uFEFF5',
    '5\u00A0',
    '5\v',
    '٥',
    '120.',
    '1,5s'.slice(2),
    'Sun, 29 Feb 2027 12:00:00 GMT',
    'Sun, 00 Nov 2026 12:00:00 GMT',
    'Sun, 22 Nov 2026 12:00:61 GMT',
    'on Sun, 22 Nov 2026 12:01:30 GMT',
    '2026-11-23T13:01:30+25:00',
    'Sun, 22 Nov 2026 12:01:30 PST',
    'Sun, 22 Nov 2026 12:01:30 +0260',
    'Sun Nov 22 12:01:30 2026 CET',
    '2026-11-22T12:01:30',
    '2026-13-01T00:00:00Z',
    '11/22/2026 12:01:30 PM',
  ])('%j asks for nothing', (value) => {
    expect(parse(value)).toBeUndefined();
  });

  test('an instant needs a clock, a number of seconds does not', () => {
    expect(parseRetryAfter('Sunday, 22-Nov-26 12:01:30 GMT', NaN)).toBeUndefined();
    expect(parseRetryAfter('Sun, 22 Nov 2026 12:01:30 GMT', NaN)).toBeUndefined();
    expect(parseRetryAfter('120', NaN)).toBe(120_000);
  });

  test('every date that can be written is read back, in all three forms', () => {
    const days = ['Sun', 'Mon', 'Tues', 'Wednes', 'Thurs', 'Fri', 'Satur'];
    const instants = fc.date({
      min: new Date(now),
      max: new Date(now + 40 * 365 * 86_400_000),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, (date) => {
        date.setUTCMilliseconds(0);
        const [, day, month, year, time] = date.toUTCString().split(' ');
        const forms = [
          date.toUTCString(),
          `${days[date.getUTCDay()]}day, ${day}-${month}-${year!.slice(2)} ${time} GMT`,
          `${days[date.getUTCDay()]!.slice(0, 3)} ${month} ${day!.replace(/^0/, ' ')} ${time} ${year}`,
          date.toISOString(),
        ];
        for (const form of forms) expect(parse(form)).toBe(Math.max(0, date.getTime() - now));
      }),
      { seed: 4 },
    );
  });

  test('hostile text of 64 kB is nothing worse than unreadable', () => {
    const pieces = [
      '9',
      '9.',
      ' ',
      '1,',
      ',',
      'sun, ',
      ', 22 nov ',
      'sun, 22-nov-',
      '2026-11-22T12:01:30.',
      '1:',
      '\u00A0',
    ];
    for (const piece of pieces) {
      for (const end of ['', 'x', ' GMT']) {
        const delayMs = parse(piece.repeat(65_536 / piece.length) + end);
        expect(delayMs === undefined || Number.isSafeInteger(delayMs)).toBe(true);
      }
    }
  });
});
