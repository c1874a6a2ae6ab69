import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presets, type RetryPolicy } from '../../src/index.js';
import { assertSchedule, checkSchedule } from '../../src/testing/index.js';
import { arbitraryPolicy } from '../../src/testing/fast-check.js';
import { runs } from '../support/runs.js';

test('legal policies keep every law, a thousand of them on every run', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), fc.nat(), (policy, seed) => assertSchedule(policy, { seed })),
    runs(1_000, 100_000),
  );
});

test.each<[string, Partial<RetryPolicy>]>([
  ['constant', { backoff: 'constant', jitter: [1, 1] }],
  ['linear', { backoff: 'linear', jitter: [1, 1] }],
  ['fibonacci', { backoff: 'fibonacci', jitter: [1, 1] }],
  ['full jitter', { jitter: [0, 1] }],
  ['equal jitter', { jitter: [0.5, 1] }],
  ['decorrelated', { backoff: 'decorrelated' }],
  ['a falling list', { backoff: [5_000, 1_000, 0], jitter: [0, 1] }],
  ['no cap', { maxDelayMs: Infinity }],
  ['a cap below the base', { maxDelayMs: 1_000 }],
  ['no delay', { baseDelayMs: 0 }],
  ['delays near 2^53 ms', { baseDelayMs: 6_935_405_005_223_544, jitter: [0.06, 0.71], maxDelayMs: Infinity }],
  ['jitter below 1, growing past all numbers', { jitter: [0.01, 0.01], maxDelayMs: Infinity }],
])('%s keeps every law', (_, change) => {
  expect(checkSchedule({ ...presets.default, ...change }, { seed: 1 }).violations).toEqual([]);
});
