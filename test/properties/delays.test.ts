import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decide,
  delayFor,
  delayRange,
  parsePolicy,
  type RetryPolicy,
  schedule,
  seeded,
} from '../../src/index.js';
import { arbitraryPolicy } from '../../src/testing/fast-check.js';
import { arbitraryDraw, arbitraryRandom, arbitraryRetry } from '../support/arbitraries.js';
import { runs } from '../support/runs.js';

const capOf = (policy: RetryPolicy): number => Math.min(policy.maxDelayMs, Number.MAX_SAFE_INTEGER);

const hasSpread = (policy: RetryPolicy, retry: number): boolean => {
  const { minMs, maxMs } = delayRange(policy, retry);
  return maxMs - minMs >= 100;
};

test('every delay is a whole number from 0 to the cap, inside its range', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), arbitraryRetry, arbitraryRandom, (policy, retry, random) => {
      const { minMs, maxMs } = delayRange(policy, retry);
      const delay = delayFor(policy, retry, random);
      expect(Number.isSafeInteger(delay)).toBe(true);
      expect(minMs).toBeGreaterThanOrEqual(0);
      expect(delay).toBeGreaterThanOrEqual(minMs);
      expect(delay).toBeLessThanOrEqual(maxMs);
      expect(maxMs).toBeLessThanOrEqual(policy.maxDelayMs);
    }),
    runs(),
  );
});

test('the ends of the range are what the lowest and the highest draw lead to', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), arbitraryRetry, (policy, retry) => {
      const { minMs, maxMs } = delayRange(policy, retry);
      expect(delayFor(policy, retry, () => 0)).toBe(minMs);
      const highest = delayFor(policy, retry, () => 1 - 2 ** -53);
      // A double has 53 bits: near 2^53 ms the highest draw falls a little short of 1.
      expect(maxMs - highest).toBeLessThanOrEqual(1 + maxMs * 2 ** -40);
    }),
    runs(),
  );
});

test('a delay is the formula of its kind, fitted under the cap', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ backoff: ['constant', 'linear', 'exponential', 'fibonacci', 'list'] }),
      arbitraryRetry,
      arbitraryDraw,
      (policy, retry, draw) => {
        const [lo, hi] = policy.jitter;
        const cap = capOf(policy);
        const fitted = Math.min(referenceNominal(policy, retry), cap / hi);
        const expected = Math.min(cap, Math.round(fitted * (lo + draw * (hi - lo))));
        expect(Math.abs(delayFor(policy, retry, () => draw) - expected)).toBeLessThanOrEqual(
          expected * 1e-12,
        );
      },
    ),
    runs(),
  );
});

test('a decorrelated delay is the chain of its draws, the last 128 of them', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ backoff: ['decorrelated'] }),
      fc.oneof(fc.integer({ min: 1, max: 128 }), arbitraryRetry),
      fc.string().map(seeded),
      (policy, retry, random) => {
        const cap = capOf(policy);
        const first = Math.min(policy.baseDelayMs, cap);
        let delay = first;
        for (let k = Math.max(1, retry - 127); k <= retry; k++) {
          delay = first + random(k) * (Math.min(cap, 3 * delay) - first);
        }
        expect(delayFor(policy, retry, random)).toBe(Math.min(cap, Math.round(delay)));
      },
    ),
    runs(),
  );
});

test('nominal delays follow their formula, and never decrease', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ backoff: ['constant', 'linear', 'exponential', 'fibonacci', 'decorrelated'] }),
      fc.constantFrom(64, 1_100),
      (policy, retries) => {
        const rows = schedule({ ...policy, maxRetries: Infinity }, retries);
        expect(rows.every(({ nominalMs }, at) => nominalMs >= (rows[at - 1]?.nominalMs ?? 0))).toBe(true);
        for (const { retry, nominalMs } of rows.slice(0, 20)) {
          expect(Math.abs(nominalMs - referenceNominal(policy, retry))).toBeLessThanOrEqual(
            1 + nominalMs * 1e-12,
          );
        }
        expect(Number.isFinite(rows.at(-1)!.nominalMs)).toBe(true);
      },
    ),
    runs(1_000, 50_000),
  );
});

test('a schedule tells the ranges of its retries and their sums', () => {
  fc.assert(
    fc.property(arbitraryPolicy({ maxRetries: 20 }), (policy) => {
      const rows = schedule(policy);
      expect(rows.map(({ retry }) => retry)).toEqual(
        Array.from({ length: policy.maxRetries }, (_, index) => index + 1),
      );
      let totalMaxMs = 0;
      let totalMinMs = 0;
      for (const row of rows) {
        expect(row).toMatchObject(delayRange(policy, row.retry));
        totalMinMs = Math.min(totalMinMs + row.minMs, Number.MAX_SAFE_INTEGER);
        totalMaxMs = Math.min(totalMaxMs + row.maxMs, Number.MAX_SAFE_INTEGER);
        expect(row).toMatchObject({ totalMinMs, totalMaxMs });
      }
    }),
    runs(1_000, 100_000),
  );
});

test('delays at the cap are spread evenly over their whole interval', () => {
  // 512 even draws: by chance the mean strays by 0.1 of the width less than once in 10^14 times, an end stays empty for
  // 0.07 of it, or a gap of 0.08 opens, less than once in 10^13.
  const clients = 512;
  fc.assert(
    fc.property(
      arbitraryPolicy({ backoff: ['constant', 'linear', 'exponential', 'fibonacci'], jittered: true }),
      fc.constantFrom(1_025, 1_000_000),
      fc.nat(),
      (policy, retry, job) => {
        fc.pre(hasSpread(policy, retry));
        const { minMs, maxMs } = delayRange(policy, retry);
        const width = maxMs - minMs;
        const places = Array.from(
          { length: clients },
          (_, client) => (delayFor(policy, retry, seeded(`${job}:${client}`)) - minMs) / width,
        ).toSorted((a, b) => a - b);
        const mean = places.reduce((sum, place) => sum + place, 0) / clients;
        expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
        expect(places[0]).toBeLessThan(0.07);
        expect(places.at(-1)).toBeGreaterThan(0.93);
        // Whole milliseconds are a hundredth of the narrowest interval apart.
        expect(places.every((place, at) => at === 0 || place - places[at - 1]! < 0.08 + 1 / width)).toBe(
          true,
        );
      },
    ),
    runs(1_000, 20_000),
  );
});

test('a policy that went through JSON keeps every delay', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), arbitraryRetry, arbitraryRandom, (policy, retry, random) => {
      const back = parsePolicy(JSON.parse(JSON.stringify(policy)));
      expect(back).toEqual(policy);
      expect(delayFor(back, retry, random)).toBe(delayFor(policy, retry, random));
    }),
    runs(),
  );
});

test('a hint is never undercut, nor is the own backoff, and it is stretched by a quarter at the most', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ timeless: true, maxRetries: 100 }),
      fc.oneof(fc.nat({ max: 86_400_000 }), fc.double({ min: 0, max: 2 ** 50, noNaN: true })),
      fc.integer({ min: 1, max: 100 }),
      arbitraryRandom,
      (policy, retryAfterMs, attempt, random) => {
        fc.pre(attempt <= policy.maxRetries);
        const decision = decide(policy, { verdict: { retryAfterMs }, attempt, elapsedMs: 0 }, random);
        const delayMs = decision.retry ? decision.delayMs : NaN;
        expect(Number.isSafeInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(retryAfterMs);
        expect(delayMs).toBeGreaterThanOrEqual(delayRange(policy, attempt).minMs);
        const [lo, hi] = policy.backoff === 'decorrelated' ? [0, 1] : policy.jitter;
        const stretched = Math.ceil(retryAfterMs * (1 + Math.min(hi - lo, 0.25)));
        expect(delayMs).toBeLessThanOrEqual(Math.max(delayRange(policy, attempt).maxMs + 1, stretched));
      },
    ),
    runs(),
  );
});

test('a hint is spread, so that the herd does not come back on one tick', () => {
  fc.assert(
    fc.property(
      arbitraryPolicy({ timeless: true, backoff: ['constant', 'exponential', 'list'], jittered: true }),
      fc.integer({ min: 1_000, max: 86_400_000 }),
      (policy, retryAfterMs) => {
        const width = Math.min(policy.jitter[1] - policy.jitter[0], 0.25) * retryAfterMs;
        // Where the own backoff is longer, the hint changes nothing.
        fc.pre(policy.maxRetries > 0 && width >= 100 && delayRange(policy, 1).maxMs <= retryAfterMs);
        const delays = new Set<number>();
        for (let client = 0; client < 64; client++) {
          const failure = { verdict: { retryAfterMs }, attempt: 1, elapsedMs: 0 };
          const decision = decide(policy, failure, seeded(client));
          delays.add(decision.retry ? decision.delayMs : NaN);
        }
        // 64 even draws from 100 values: fewer than 24 different ones do not happen by chance.
        expect(delays.size).toBeGreaterThanOrEqual(24);
      },
    ),
    runs(1_000, 100_000),
  );
});

/** The nominal delays as DESIGN gives them, without a thought for speed. */
function referenceNominal({ backoff, baseDelayMs, factor }: RetryPolicy, retry: number): number {
  switch (backoff) {
    case 'constant':
      return baseDelayMs;
    case 'linear':
      return Math.min(baseDelayMs * retry, Number.MAX_VALUE);
    case 'exponential':
      return baseDelayMs === 0 ? 0 : Math.min(baseDelayMs * factor ** (retry - 1), Number.MAX_VALUE);
    case 'fibonacci': {
      let [previous, current] = [0, 1];
      for (let k = 1; k < Math.min(retry, 1_477); k++) [previous, current] = [current, previous + current];
      return baseDelayMs === 0 ? 0 : Math.min(baseDelayMs * current, Number.MAX_VALUE);
    }
    case 'decorrelated':
      return baseDelayMs === 0 ? 0 : Math.min(baseDelayMs * 3 ** (retry - 1), Number.MAX_VALUE);
    default:
      return backoff[Math.min(retry, backoff.length) - 1]!;
  }
}
