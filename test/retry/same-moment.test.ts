import { describe, expect, test } from 'vitest';
import { type Clock, type Report, retry } from '../../src/index.js';

const boom = new Error('boom');
const reason = new Error('the caller has had enough');

/** A clock whose timers fire when a test says so, together with whatever else happens in that moment. */
class HandClock implements Clock {
  nowMs = 0;
  readonly timers: { readonly ms: number; readonly fire: () => void }[] = [];
  now = (): number => this.nowMs;
  wallNow = (): number => this.nowMs;
  setTimer = (ms: number, fire: () => void): (() => void) => {
    const timer = { ms, fire };
    this.timers.push(timer);
    return () => {
      const place = this.timers.indexOf(timer);
      if (place >= 0) this.timers.splice(place, 1);
    };
  };

  /** As a platform would: the timer is gone, then its function runs. */
  fireNext(): void {
    const { ms, fire } = this.timers.shift()!;
    this.nowMs += ms;
    fire();
  }
}

/** Everything goes on that can. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('in the moment in which an attempt is to be cut off', () => {
  test('it may have ended just before: then it counts', async () => {
    const clock = new HandClock();
    let end!: (value: string) => void;
    const call = retry(
      () => new Promise<string>((resolve) => (end = resolve)),
      { attemptTimeoutMs: 10 },
      { clock },
    );
    end('just in time');
    clock.fireNext();
    expect(await call).toBe('just in time');
    expect(clock.timers).toEqual([]);
  });

  test('it may end just after: then it does not count', async () => {
    const clock = new HandClock();
    let end!: (value: string) => void;
    const policy = { attemptTimeoutMs: 10, maxRetries: 0 };
    const call = retry(() => new Promise<string>((resolve) => (end = resolve)), policy, { clock });
    clock.fireNext();
    end('just too late');
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('the caller may abort: that wins', async () => {
    for (const isFirst of [true, false]) {
      const clock = new HandClock();
      const controller = new AbortController();
      const reports: Report[] = [];
      const call = retry(
        () => new Promise(() => {}),
        { attemptTimeoutMs: 10 },
        {
          clock,
          signal: controller.signal,
          onEnd: (report) => reports.push(report),
        },
      );
      const rejected = expect(call).rejects.toBe(reason);
      const [timer] = clock.timers;
      if (isFirst) controller.abort(reason);
      timer!.fire();
      if (!isFirst) controller.abort(reason);
      await rejected;
      expect(reports).toMatchObject([{ reason: 'aborted' }]);
    }
  });
});

describe('in the moment in which a delay is over', () => {
  const day = 86_400_000;
  test.each([
    ['just before', 10],
    ['just after', 10],
    ['just before the first part of 25 days', 25 * day],
    ['just after the first part of 25 days', 25 * day],
  ])('the caller may abort, %s: no attempt follows', async (when, ms) => {
    const clock = new HandClock();
    const controller = new AbortController();
    let calls = 0;
    const operation = (): never => {
      calls++;
      throw boom;
    };
    const policy = { backoff: [ms], maxDelayMs: Infinity };
    const call = retry(operation, policy, { clock, signal: controller.signal });
    const rejected = expect(call).rejects.toBe(reason);
    await settle();
    if (when.startsWith('just before')) {
      controller.abort(reason);
      clock.fireNext();
    } else {
      clock.fireNext();
      controller.abort(reason);
    }
    await rejected;
    await settle();
    expect(calls).toBe(1);
    expect(clock.timers).toEqual([]);
  });
});

test('an abort event that somebody makes up, even twice, ends the call once', async () => {
  const { signal } = new AbortController();
  const reports: Report[] = [];
  const call = retry(() => new Promise(() => {}), {}, { signal, onEnd: (report) => reports.push(report) });
  signal.dispatchEvent(new Event('abort'));
  signal.dispatchEvent(new Event('abort'));
  await expect(call).rejects.toBeUndefined();
  expect(reports).toMatchObject([{ reason: 'aborted' }]);
});
