import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/index.js';
import { isLong, propertySeed, runs } from '../support/runs.js';

/** Job ids as queues make them, one after the other. */
const ids = isLong ? 1_000_000 : 100_000;

/** Tails of a normal distribution beyond this are below 10^-12. */
const sigmas = 7.2;

const draws = (draw: (id: number) => number): number[] => Array.from({ length: ids }, (_, id) => draw(id));

/** How far a chi-square of evenly filled boxes lies from what is expected, in standard deviations. */
function unevenness(places: readonly number[], boxes: number): number {
  const counts = new Float64Array(boxes);
  for (const place of places) counts[Math.floor(place * boxes)]!++;
  const expected = places.length / boxes;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (chiSquare - (boxes - 1)) / Math.sqrt(2 * (boxes - 1));
}

/** The correlation of two even samples, in standard deviations. */
function correlation(left: readonly number[], right: readonly number[]): number {
  const sum = left.reduce((total, one, at) => total + (one - 0.5) * (right[at]! - 0.5), 0);
  return (sum * 12) / Math.sqrt(left.length);
}

/** Pairs as places on a line of 32 × 32 boxes: even if the two are independent. */
const pairs = (left: readonly number[], right: readonly number[]): number[] =>
  left.map((one, at) => (Math.floor(one * 32) + right[at]!) / 32);

/** How many of their 53 bits two draws do not share. */
function distance(left: number, right: number): number {
  const differing = (BigInt(left * 2 ** 53) ^ BigInt(right * 2 ** 53)).toString(2).replaceAll('0', '');
  return differing.length;
}

test('a stream is pure, gives draws in [0, 1), and reads a number as its decimal text', () => {
  const arbitrarySeed = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(arbitrarySeed, fc.maxSafeNat(), (seed, retry) => {
      const draw = seeded(seed)(retry);
      expect(draw >= 0 && draw < 1).toBe(true);
      expect(seeded(seed)(retry)).toBe(draw);
      expect(seeded(String(seed))(retry)).toBe(draw);
    }),
    runs(),
  );
});

describe.each(['job:', '', `queue-${propertySeed}:`])('for sequential ids after "%s"', (prefix) => {
  const at = (retry: number): number[] => draws((id) => seeded(prefix + id)(retry));
  const first = at(1);

  test.each([1, 2, 64, 1_025, 1_000_000, 2 ** 40])('draws for retry %i are even', (retry) => {
    const sample = at(retry);
    expect(Math.abs(unevenness(sample, 1_000))).toBeLessThan(sigmas);
    // The low bits as well: the high ones alone may look even.
    expect(
      Math.abs(
        unevenness(
          sample.map((draw) => (draw * 2 ** 40) % 1),
          256,
        ),
      ),
    ).toBeLessThan(sigmas);
  });

  test('neighbouring ids are independent', () => {
    const next = draws((id) => seeded(prefix + (id + 1))(1));
    expect(Math.abs(correlation(first, next))).toBeLessThan(sigmas);
    expect(Math.abs(unevenness(pairs(first, next), 1_024))).toBeLessThan(sigmas);
  });

  test.each([2, 3, 1_025])('retry 1 and retry %i of a job are independent', (retry) => {
    expect(Math.abs(correlation(first, at(retry)))).toBeLessThan(sigmas);
    expect(Math.abs(unevenness(pairs(first, at(retry)), 1_024))).toBeLessThan(sigmas);
  });

  test('no two jobs have the same stream', () => {
    expect(new Set(first).size).toBe(ids);
  });
});

test('the retries of one job are even and independent of each other', () => {
  const random = seeded(propertySeed);
  const [now, next] = [draws(random), draws((retry) => random(retry + 1))];
  expect(Math.abs(unevenness(now, 1_000))).toBeLessThan(sigmas);
  expect(Math.abs(correlation(now, next))).toBeLessThan(sigmas);
  expect(Math.abs(unevenness(pairs(now, next), 1_024))).toBeLessThan(sigmas);
});

test('one changed character of the seed, or the next retry, changes half of all bits', () => {
  const samples = 10_000;
  let [bySeed, byRetry] = [0, 0];
  for (let id = 0; id < samples; id++) {
    bySeed += distance(seeded(`a${id}`)(1), seeded(`b${id}`)(1));
    byRetry += distance(seeded(id)(1), seeded(id)(2));
  }
  // 53 bits, each changed with chance 1/2: 0.27 is more than seven standard deviations of the mean.
  expect(Math.abs(bySeed / samples - 26.5)).toBeLessThan(0.27);
  expect(Math.abs(byRetry / samples - 26.5)).toBeLessThan(0.27);
});
