import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RetryPolicy } from '../../src/index.js';
import { arbitraryFailure, arbitraryOutcomes, arbitraryPolicy } from '../../src/testing/fast-check.js';

const seed = 20_261_123;
const many = { seed, numRuns: 1_000 };

/** What fast-check shrinks to when every value is refused that `refuse` picks out. */
function simplest<Value>(arbitrary: fc.Arbitrary<Value>, refuse: (value: Value) => boolean): Value {
  const { counterexample } = fc.check(
    fc.property(arbitrary, (value) => !refuse(value)),
    many,
  );
  return counterexample![0];
}

const varies = ({ backoff, jitter: [lo, hi] }: RetryPolicy): boolean => backoff === 'decorrelated' || lo < hi;

describe('arbitraryPolicy', () => {
  test('makes every kind of backoff, jitter and none, limits and none', () => {
    const policies = fc.sample(arbitraryPolicy(), many);
    const kinds = new Set(policies.map(({ backoff }) => (typeof backoff === 'string' ? backoff : 'list')));
    expect([...kinds].toSorted()).toEqual([
      'constant',
      'decorrelated',
      'exponential',
      'fibonacci',
      'linear',
      'list',
    ]);
    for (const key of [
      'maxRetries',
      'maxDelayMs',
      'attemptTimeoutMs',
      'maxElapsedMs',
      'maxRetryAfterMs',
    ] as const) {
      expect(policies.some((policy) => policy[key] === Infinity)).toBe(true);
      expect(policies.some((policy) => policy[key] !== Infinity)).toBe(true);
    }
    expect(policies.some(({ jitter: [lo, hi] }) => lo < hi)).toBe(true);
    expect(policies.some(({ jitter: [lo, hi] }) => lo === hi)).toBe(true);
  });

  test('keeps to the constraints', () => {
    const constraints = {
      backoff: ['linear', 'list'],
      maxRetries: 3,
      maxDelayMs: 5_000,
      timeless: true,
    } as const;
    fc.assert(
      fc.property(arbitraryPolicy(constraints), (policy) => {
        expect(policy.backoff === 'linear' || Array.isArray(policy.backoff)).toBe(true);
        expect(policy.maxRetries).toBeLessThanOrEqual(3);
        expect(policy.maxDelayMs).toBeLessThanOrEqual(5_000);
        expect([policy.attemptTimeoutMs, policy.maxElapsedMs, policy.maxRetryAfterMs]).toEqual([
          Infinity,
          Infinity,
          Infinity,
        ]);
      }),
      many,
    );
  });

  test('jittered policies vary, others do not', () => {
    fc.assert(fc.property(arbitraryPolicy({ jittered: true }), varies), many);
    fc.assert(
      fc.property(arbitraryPolicy({ jittered: false }), (policy) => !varies(policy)),
      many,
    );
  });

  test('shrinks to a policy one can read', () => {
    expect(simplest(arbitraryPolicy(), () => true)).toEqual({
      maxRetries: 0,
      backoff: 'constant',
      baseDelayMs: 1_000,
      factor: 2,
      maxDelayMs: Infinity,
      jitter: [1, 1],
      attemptTimeoutMs: Infinity,
      maxElapsedMs: Infinity,
      maxRetryAfterMs: Infinity,
      retryStatuses: [408, 429, '5xx'],
    });
    expect(simplest(arbitraryPolicy({ jittered: true }), () => true).jitter).toEqual([0, 1]);
  });
});

describe('arbitraryOutcomes', () => {
  test('shrinks to few plain outcomes', () => {
    expect(simplest(arbitraryOutcomes(), (outcomes) => outcomes.length >= 2)).toEqual(['retry', 'retry']);
  });
});

describe('arbitraryFailure', () => {
  test('makes errors of many kinds, and values that are none', () => {
    const failures = fc.sample(arbitraryFailure(), many);
    const some = (is: (failure: never) => unknown): boolean =>
      failures.some((failure) => is(failure as never));
    expect(some((failure) => Object(failure) !== failure)).toBe(true);
    expect(some((failure: Error) => (failure as Error | undefined)?.cause)).toBe(true);
    expect(some((failure: { code?: string } | null) => failure?.code === 'ECONNRESET')).toBe(true);
    expect(some((failure: { headers?: object } | null) => Object.keys(failure?.headers ?? {}).length)).toBe(
      true,
    );
    expect(some((failure: object) => failure instanceof AggregateError)).toBe(true);
    expect(some((failure: object) => failure instanceof Error && Object.isFrozen(failure))).toBe(true);
    expect(some((failure: Error | null) => failure?.name === 'AbortError')).toBe(true);
  });

  test('shrinks to an error that says boom', () => {
    expect(simplest(arbitraryFailure(), () => true)).toEqual(new Error('boom'));
  });
});
