import { expect, test } from 'vitest';
import { definePolicy, delayFor, seeded } from '../../src/index.js';
import { trace } from '../../src/testing/index.js';

const plain = definePolicy({ jitter: 'none', baseDelayMs: 100, maxRetries: 2 });

test('tells time, attempt, event and delay of a call that succeeds in the end', () => {
  expect(trace(plain, ['retry', { outcome: 'retry', durationMs: 50 }])).toEqual([
    { atMs: 0, attempt: 1, event: 'attempt' },
    { atMs: 0, attempt: 1, event: 'retry', delayMs: 100 },
    { atMs: 100, attempt: 2, event: 'attempt' },
    { atMs: 150, attempt: 2, event: 'retry', delayMs: 200 },
    { atMs: 350, attempt: 3, event: 'attempt' },
    { atMs: 350, attempt: 3, event: 'success' },
  ]);
});

test.each([
  ['not-retryable', ['stop'], {}],
  ['retries-exhausted', ['retry', 'retry', 'retry'], {}],
  ['hint-too-long', [{ retryAfterMs: 300_001 }], {}],
  ['deadline', [{ outcome: 'retry', durationMs: 900 }], { maxElapsedMs: 1_000 }],
] as const)('ends with the reason: %s', (reason, outcomes, change) => {
  expect(trace({ ...plain, ...change }, outcomes).at(-1)).toMatchObject({ event: 'stop', reason });
});

test('cuts an attempt at its timeout, and goes on', () => {
  const policy = { ...plain, attemptTimeoutMs: 1_000 };
  expect(trace(policy, [{ outcome: 'success', durationMs: 1_001 }])[1]).toEqual({
    atMs: 1_000,
    attempt: 1,
    event: 'retry',
    delayMs: 100,
  });
  expect(trace(policy, [{ outcome: 'success', durationMs: 1_000 }])).toHaveLength(2);
});

test('cuts an attempt at the deadline of the call, and ends', () => {
  const rows = trace({ ...plain, maxElapsedMs: 500 }, ['retry', { outcome: 'success', durationMs: 401 }]);
  expect(rows.at(-1)).toEqual({ atMs: 500, attempt: 2, event: 'stop', reason: 'deadline' });
});

test('draws from the seed', () => {
  const policy = definePolicy({ jitter: 'full' });
  const delays = (seed: string | number | undefined): unknown[] =>
    trace(policy, ['retry'], { seed }).flatMap((row) => (row.event === 'retry' ? [row.delayMs] : []));
  expect(delays('job:42')).toEqual([delayFor(policy, 1, seeded('job:42'))]);
  expect(delays(undefined)).toEqual([delayFor(policy, 1, seeded(0))]);
});
