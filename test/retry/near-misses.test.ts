import { expect, test, vi } from 'vitest';
import { reportOf, retry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const boom = new Error('boom');
const forever = (): Promise<never> => new Promise(() => {});

test('a spec that is not frozen may change from call to call', async () => {
  const spec = { maxRetries: 0, baseDelayMs: 0 };
  const attempts = async (): Promise<number> => {
    let calls = 0;
    await retry(() => {
      calls++;
      throw boom;
    }, spec).catch(() => {});
    return calls;
  };
  expect([await attempts(), await attempts()]).toEqual([1, 1]);
  spec.maxRetries = 2;
  expect(await attempts()).toBe(3);
  spec.maxRetries = NaN;
  await expect(retry(() => 1, spec)).rejects.toThrow('maxRetries');
});

test('a limit that is over leaves the signals of attempts alone that were over before', async () => {
  const clock = virtualClock();
  const policy = { maxRetries: 0, attemptTimeoutMs: 100 };
  let signal: AbortSignal | undefined;
  const quick = retry((context) => void (signal = context.signal), policy, { clock });
  const slow = retry(forever, policy, { clock }).catch((error: unknown) => error);
  await quick;
  await clock.advance(100);
  expect(await slow).toMatchObject({ name: 'TimeoutError' });
  expect(signal!.aborted).toBe(false);
});

test('an operation that aborts its own call starts no clock', async () => {
  const clock = virtualClock();
  const controller = new AbortController();
  const operation = (): Promise<never> => {
    controller.abort(boom);
    return forever();
  };
  const call = retry(operation, { attemptTimeoutMs: 100 }, { clock, signal: controller.signal });
  await expect(call).rejects.toBe(boom);
  expect(clock.liveTimers).toBe(0);
});

test('a classifier that aborts the call is the last that is called', async () => {
  const clock = virtualClock();
  const controller = new AbortController();
  const onRetry = vi.fn<() => void>();
  const classify = (): undefined => controller.abort(boom) as undefined;
  const call = retry(
    () => Promise.reject(new Error('other')),
    {},
    {
      clock,
      signal: controller.signal,
      classify,
      onRetry,
    },
  );
  await expect(call).rejects.toBe(boom);
  expect(onRetry).not.toHaveBeenCalled();
  expect(clock.liveTimers).toBe(0);
});

test('a value that a call has succeeded with has no report', async () => {
  const value = {};
  const onEnd = vi.fn<() => void>();
  expect(await retry(() => value, {}, { onEnd })).toBe(value);
  expect(onEnd).toHaveBeenCalledOnce();
  expect(reportOf(value)).toBeUndefined();
});

test('a bare spec is told where the cap comes from that it passes', async () => {
  await expect(retry(() => 1, { baseDelayMs: 400_000 })).rejects.toThrow(
    'baseDelayMs: got 400000; expected at most maxDelayMs, 300000 ms from presets.default; set maxDelayMs too',
  );
});
