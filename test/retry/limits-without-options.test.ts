import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { retry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const forever = (): Promise<never> => new Promise(() => {});

/** How a call has ended; a string if it has not. */
const endOf = (call: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    call.catch((error: unknown) => error),
    vi.advanceTimersByTimeAsync(50).then(() => 'still going on'),
  ]);

/** What a call ends with whose second attempt begins 100 ms before its deadline, and never ends. */
const cutOff = (attemptTimeoutMs: number): Promise<unknown> => {
  const clock = virtualClock();
  const policy = { maxRetries: 1, backoff: [900], maxElapsedMs: 1_000, attemptTimeoutMs } as const;
  const second = retry(
    ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('no')) : forever()),
    policy,
    { clock },
  );
  return clock.runAll(second).catch((error: unknown) => error);
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a call without options keeps its deadline', async () => {
  expect(await endOf(retry(forever, { maxRetries: 0, maxElapsedMs: 50 }))).toMatchObject({
    name: 'TimeoutError',
  });
});

test('a call without options keeps the limit of an attempt', async () => {
  const call = retry(forever, { maxRetries: 0, attemptTimeoutMs: 50 });
  expect(await endOf(call)).toMatchObject({ name: 'TimeoutError' });
});

test('the error of an attempt that was cut off names the limit that was reached first', async () => {
  expect(String(await cutOff(150))).toContain('maxElapsedMs');
  expect(String(await cutOff(50))).toContain('attemptTimeoutMs');
});
