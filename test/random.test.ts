import { describe, expect, test } from 'vitest';
import { type Random, seeded } from '../src/index.js';

/** Frozen: a change here is a change of every delay that somebody has announced. Draws of retries 1, 2, 3 and 10^6. */
const golden: readonly (readonly [seed: string | number, ...draws: number[]])[] = [
  ['', 0.05633318385488362, 0.4138830543137372, 0.032073945668914194, 0.7707569587095526],
  ['a', 0.13253371487602594, 0.08866011614885128, 0.39213025310918537, 0.5628313828732203],
  ['b', 0.2047396059464267, 0.14832085968009334, 0.06547519413981762, 0.596227550532972],
  ['ostinato', 0.3994717331134434, 0.9870887043428719, 0.08730282302410863, 0.3121949859164048],
  ['email:42', 0.4873290292854948, 0.7001086321865652, 0.23966758690775636, 0.8714512517878908],
  ['Füße ☂ 🎶', 0.5671082261557581, 0.976741485750352, 0.22687347935522328, 0.2282373707899359],
  [0, 0.4294458775911797, 0.533363988577731, 0.5498542488144649, 0.17658330262715827],
  [1, 0.8863998296224405, 0.039003587367323345, 0.052684293779722724, 0.07753114423930318],
  [42, 0.8747003179019709, 0.7262401323549468, 0.2723103377492495, 0.9824540785301694],
  [-1, 0.434853572146505, 0.13769571755594678, 0.41513499818285127, 0.03899530138716778],
  [0.5, 0.8280196591493567, 0.8347184622099281, 0.43920107630697314, 0.20719246489833543],
  [9007199254740991, 0.24165632043470864, 0.8473961704941112, 0.29654281579594577, 0.394313787840869],
  [
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    0.39326939422565577,
    0.8196160985165308,
    0.24219279955860673,
    0.1458037481562784,
  ],
];

describe('a seeded stream', () => {
  test.each(golden)('of %j gives the draws it has always given', (seed, ...draws) => {
    expect([1, 2, 3, 1_000_000].map(seeded(seed))).toEqual(draws);
  });

  test('gives the same draw for the same retry, whatever was drawn before', () => {
    const stream = seeded('job 42');
    const forwards = [1, 2, 3, 4].map(stream);
    expect([4, 3, 2, 1].map(stream).toReversed()).toEqual(forwards);
    expect(seeded('job 42')(3)).toBe(forwards[2]);
  });

  test('is the same for a number and its decimal text, and for no other seed', () => {
    expect(seeded(42)(1)).toBe(seeded('42')(1));
    expect(seeded(-0)(1)).toBe(seeded('0')(1));
    expect(seeded(1e21)(1)).toBe(seeded('1e+21')(1));
    const others: (string | number)[] = ['42 ', '042', '42.0', '4 2', 43, -42, ''];
    for (const other of others) expect(seeded(other)(1)).not.toBe(seeded(42)(1));
  });

  test('reads every character of a long seed', () => {
    const long = 'x'.repeat(10_000);
    expect(seeded(`a${long}`)(1)).not.toBe(seeded(`b${long}`)(1));
    expect(seeded(`${long}a`)(1)).not.toBe(seeded(`${long}b`)(1));
  });

  test('gives whole 53-bit fractions in [0, 1)', () => {
    for (let retry = 1; retry <= 1_000; retry++) {
      const draw = seeded('bits')(retry);
      expect(Number.isInteger(draw * 2 ** 53)).toBe(true);
      expect(draw >= 0 && draw < 1).toBe(true);
    }
  });

  test('is a Random like Math.random', () => {
    const randoms: Random[] = [seeded(1), Math.random];
    for (const random of randoms) expect(random(1)).toBeLessThan(1);
  });
});

test.each<[unknown, string]>([
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'true'],
  [{}, '[object Object]'],
  [Symbol('seed'), 'Symbol(seed)'],
])('%o is no seed', (seed, shown) => {
  expect(() => seeded(seed as number)).toThrow(
    new TypeError(`A seed is a string or a finite number, got ${shown}`),
  );
});
