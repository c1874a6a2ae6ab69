import { describe, expect, test } from 'vitest';
import { decide, permanent, presets, retryAfter, retryIn, type Verdict, verdictOf } from '../../src/index.js';
import { checkVerdict, hintOf, verdictIn } from '../../src/verdict/verdict.js';

const once = (read: () => unknown): (() => unknown) => {
  let reads = 0;
  return () => {
    if (++reads > 1) throw new Error('read twice');
    return read();
  };
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('a verdict', () => {
  test.each<[unknown, Verdict]>([
    ['retry', 'retry'],
    ['stop', 'stop'],
    [{ retryAfterMs: 0 }, { retryAfterMs: 0 }],
    [{ retryAfterMs: 1.5 }, { retryAfterMs: 1.5 }],
    [{ retryAfterMs: Infinity }, { retryAfterMs: Infinity }],
    [{ delayMs: 0 }, { delayMs: 0 }],
    [{ delayMs: 1.5 }, { delayMs: 1.5 }],
    [{ delayMs: Infinity }, { delayMs: Infinity }],
    [{ retryAfterMs: 5, delayMs: undefined }, { retryAfterMs: 5 }],
    [{ delayMs: 5, retryAfterMs: undefined }, { delayMs: 5 }],
    [{ delayMs: 5, other: 1 }, { delayMs: 5 }],
    [Object.create({ delayMs: 5 }), { delayMs: 5 }],
    [Object.assign([], { delayMs: 5 }), { delayMs: 5 }],
  ])('%o is one', (value, verdict) => {
    expect(verdictIn(value)).toStrictEqual(verdict);
    expect(checkVerdict(value, 'classify')).toStrictEqual(verdict);
  });

  const wrong: readonly unknown[] = [
    null,
    true,
    false,
    '',
    'RETRY',
    0,
    1_000,
    5n,
    Symbol('retry'),
    {},
    [],
    () => 'retry',
    Object.assign(() => {}, { delayMs: 5 }),
    Promise.resolve('retry'),
    new Map([['delayMs', 5]]),
    { retryAfterMs: NaN },
    { retryAfterMs: -1 },
    { retryAfterMs: -Infinity },
    { retryAfterMs: '5' },
    { retryAfterMs: 5n },
    { retryAfterMs: null },
    { delayMs: NaN },
    { delayMs: -1 },
    { delayMs: -0.001 },
    { delayMs: '5' },
    { delayMs: 5n },
    { delayMs: null },
    { delayMs: new Date(5) },
    // Both keys together are no verdict, also where one of them could be read as absent.
    { delayMs: 5, retryAfterMs: 5 },
    { delayMs: 5, retryAfterMs: null },
    { delayMs: null, retryAfterMs: 5 },
    { delayMs: NaN, retryAfterMs: 5 },
    { delayMs: 5, retryAfterMs: NaN },
    revoked(),
    {
      get delayMs() {
        throw new Error('a getter');
      },
    },
  ];

  // By its place in the list: a test runner cannot show all of them.
  test.each([...wrong.keys()])(
    'is none of the others, number %i: decide stops, a decider that returns it fails',
    (index) => {
      const value = wrong[index];
      expect(verdictIn(value)).toBeUndefined();
      expect(decide(presets.default, { verdict: value as Verdict, attempt: 1, elapsedMs: 0 })).toEqual({
        retry: false,
        reason: 'not-retryable',
      });
      expect(() => checkVerdict(value, 'classify')).toThrow(TypeError);
      expect(() => verdictOf(new Error('x'), {}, { classify: () => value as Verdict })).toThrow(TypeError);
    },
  );

  test('undefined is none, and no mistake either', () => {
    expect(verdictIn(undefined)).toBeUndefined();
    expect(checkVerdict(undefined, 'classify')).toBeUndefined();
  });

  test('is read once, and cannot change after it was checked', () => {
    const changing = Object.defineProperty({}, 'delayMs', { get: once(() => 5) });
    expect(verdictIn(changing)).toStrictEqual({ delayMs: 5 });
    const given = { retryAfterMs: 5 };
    const verdict = verdictIn(given);
    given.retryAfterMs = -1;
    expect(verdict).toStrictEqual({ retryAfterMs: 5 });
  });

  test('has a hint only if the other side asked', () => {
    expect(hintOf({ retryAfterMs: 5 })).toBe(5);
    for (const verdict of ['retry', 'stop', { delayMs: 5 }, undefined] as const)
      expect(hintOf(verdict)).toBeUndefined();
  });
});

describe('retryIn', () => {
  test('says exactly this delay, and the last mark wins', () => {
    const error = new Error('x');
    expect(retryIn(error, 250)).toBe(error);
    expect(verdictOf(error)).toEqual({ delayMs: 250 });
    expect(verdictOf(retryAfter(error, 5))).toEqual({ retryAfterMs: 5 });
    expect(verdictOf(retryIn(error, 0))).toEqual({ delayMs: 0 });
    expect(verdictOf(permanent(error))).toBe('stop');
    expect(verdictOf(retryIn(error, Infinity))).toEqual({ delayMs: Infinity });
    expect(Object.keys(error)).toEqual([]);
  });

  test('is heard on a frozen error, and as a cause', () => {
    const error = retryIn(Object.freeze(new Error('x')), 9);
    expect(verdictOf(error)).toEqual({ delayMs: 9 });
    expect(verdictOf(new Error('outer', { cause: error }))).toEqual({ delayMs: 9 });
  });

  test('counts before a status and its header', () => {
    const busy = { status: 503, headers: { 'retry-after': '60' } };
    expect(verdictOf(retryIn(Object.assign(new Error('busy'), busy), 9))).toEqual({ delayMs: 9 });
    expect(verdictOf(retryIn(Object.assign(new Error('gone'), { status: 404 }), 9))).toEqual({ delayMs: 9 });
  });
});

const plain = new Error('plain');
const exact = (ms: number): Error => retryIn(new Error('exact'), ms);
const hint = (ms: number): Error => retryAfter(new Error('hint'), ms);

describe('the parts of an AggregateError', () => {
  test.each<[string, readonly unknown[], Verdict]>([
    ['an exact delay counts more than none', [plain, exact(50)], { delayMs: 50 }],
    ['an exact delay of 0, too', [plain, exact(0)], { delayMs: 0 }],
    ['the longest exact delay counts', [exact(50), exact(70), exact(60)], { delayMs: 70 }],
    ['a hint that is longer than an exact delay counts', [exact(50), hint(70)], { retryAfterMs: 70 }],
    ['an exact delay that is longer than a hint counts', [exact(70), hint(50)], { delayMs: 70 }],
    ['one that stops stops all', [exact(70), permanent(new Error('gone'))], 'stop'],
  ])('%s, in any order', (_, errors, verdict) => {
    expect(verdictOf(new AggregateError(errors))).toEqual(verdict);
    expect(verdictOf(new AggregateError(errors.toReversed()))).toEqual(verdict);
  });
});
