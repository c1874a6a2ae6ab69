import { expect, test } from 'vitest';
import { complete, deadLetter } from '../../src/queues/dead-letter.js';
import type { HistoryRow } from '../../src/queues/types.js';

const failed = (attempt: number, startedAtMs: number): HistoryRow => ({
  attempt,
  outcome: 'retry',
  startedAtMs,
  durationMs: 5,
  error: { name: 'Error', message: `attempt ${attempt}` },
});
const burial = { queue: 'mail', name: 'welcome', payload: { to: 'ada' }, id: '7', nowMs: 9_000 } as const;

test('an attempt without a row was lost: it has its place in the history', () => {
  expect(complete([failed(3, 30), failed(1, 10)], 4)).toEqual([
    failed(1, 10),
    { attempt: 2, outcome: 'stalled' },
    failed(3, 30),
    { attempt: 4, outcome: 'stalled' },
  ]);
});

test('of two rows for one attempt the later one counts', () => {
  const done: HistoryRow = { attempt: 1, outcome: 'done' };
  expect(complete([failed(1, 10), done], 1)).toEqual([done]);
});

test('a letter tells the last error and when the job first and last failed', () => {
  const letter = deadLetter({
    ...burial,
    reason: 'stalled',
    attempts: 3,
    history: [failed(1, 100), failed(2, 200)],
  });
  expect(letter).toMatchObject({
    reason: 'stalled',
    attempts: 3,
    lastError: { message: 'attempt 2' },
    firstFailedAtMs: 105,
    lastFailedAtMs: 205,
  });
  expect(letter.history).toHaveLength(3);
  expect(letter).not.toHaveProperty('nowMs');
});

test('a job that only ever crashed failed when it was buried, with an error that says so', () => {
  const letter = deadLetter({ ...burial, reason: 'stalled', attempts: 2, history: [] });
  expect(letter).toMatchObject({
    lastError: { name: 'StalledError', message: expect.stringContaining('Attempt 2') },
    firstFailedAtMs: 9_000,
    lastFailedAtMs: 9_000,
  });
});

test('a history that was kept in part is not filled with guesses', () => {
  const letter = deadLetter({
    ...burial,
    reason: 'retries-exhausted',
    attempts: 3,
    history: [failed(3, 300)],
    isWhole: false,
  });
  expect(letter.history).toEqual([failed(3, 300)]);
});

test('a success that could not be settled is no failure', () => {
  const letter = deadLetter({
    ...burial,
    reason: 'stalled',
    attempts: 1,
    history: [{ attempt: 1, outcome: 'done', startedAtMs: 1, durationMs: 1 }],
  });
  expect(letter).toMatchObject({ lastError: { name: 'StalledError' }, firstFailedAtMs: 9_000 });
});

test('a success that could not be recorded is what the letter tells of, and not a failure before it', () => {
  const history = [failed(1, 100), { attempt: 2, outcome: 'done' as const }];
  const message = 'Attempt 2 succeeded, and its success could not be recorded';
  const letter = deadLetter({ ...burial, reason: 'stalled', attempts: 2, history });
  expect(letter.lastError).toEqual({ name: 'StalledError', message });
  // Then the last attempt was lost, which is worth telling no less.
  const lost = deadLetter({ ...burial, reason: 'stalled', attempts: 3, history, isWhole: false });
  expect(lost.lastError).toEqual({ name: 'Error', message: 'attempt 1' });
});
