import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Clock, retry, retryAfter } from '../src/index.js';
import { virtualClock } from '../src/testing/index.js';

const boom = new Error('boom');
const day = 86_400_000;

/** An operation that fails so many times, and tells when it was called. */
function failing(times: number, now: () => number): { operation: () => string; atMs: number[] } {
  const atMs: number[] = [];
  const operation = (): string => {
    atMs.push(now());
    if (atMs.length <= times) throw boom;
    return 'done';
  };
  return { operation, atMs };
}

describe("a clock of the caller's", () => {
  test('is asked for no longer timer than timers can be: a delay of 25 days is two of them', async () => {
    const clock = virtualClock();
    const timers: number[] = [];
    const setTimer: Clock['setTimer'] = (ms, fn, unref) => {
      timers.push(ms);
      return clock.setTimer(ms, fn, unref);
    };
    const { operation, atMs } = failing(1, () => clock.now());
    await clock.runAll(
      retry(operation, { backoff: [25 * day], maxDelayMs: 25 * day }, { clock: { ...clock, setTimer } }),
    );
    expect(atMs).toEqual([0, 25 * day]);
    expect(timers).toEqual([2 ** 31 - 1, 25 * day - (2 ** 31 - 1)]);
  });

  test('can be left in the middle of a delay of many timers', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const { operation, atMs } = failing(1, () => clock.now());
    const call = retry(
      operation,
      { backoff: [100 * day], maxDelayMs: Infinity },
      { clock, signal: controller.signal },
    );
    const rejected = expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await clock.advance(60 * day);
    controller.abort();
    await rejected;
    expect(clock.liveTimers).toBe(0);
    expect(atMs).toEqual([0]);
  });

  test('may fire early: then it is set again, and nobody is early', async () => {
    const clock = virtualClock();
    const hasty: Clock = { ...clock, setTimer: (ms, fn, unref) => clock.setTimer(ms * 0.7, fn, unref) };
    const { operation, atMs } = failing(2, () => clock.now());
    await clock.runAll(retry(operation, { backoff: [1_000, 5], jitter: 'none' }, { clock: hasty }));
    expect(atMs[1]).toBeGreaterThanOrEqual(1_000);
    expect(atMs[2]! - atMs[1]!).toBeGreaterThanOrEqual(5);
  });

  test('is asked for one timer by all who are due together, as the platform is', async () => {
    const clock = virtualClock();
    const calls = Promise.all(
      Array.from({ length: 10 }, () => retry(failing(1, () => 0).operation, { backoff: [50] }, { clock })),
    );
    await Promise.resolve();
    expect(clock.liveTimers).toBe(1);
    await clock.runAll(calls);
    expect(clock.liveTimers).toBe(0);
  });

  test('is not mistaken for another one that is in use at the same time', async () => {
    const clocks = [virtualClock(), virtualClock()] as const;
    const controller = new AbortController();
    const call = (clock: Clock): { atMs: number[]; ended: Promise<unknown> } => {
      const { operation, atMs } = failing(2, () => clock.now());
      const ended = retry(operation, { backoff: [50, 100] }, { clock, signal: controller.signal }).catch(
        () => 'aborted',
      );
      return { atMs, ended };
    };
    const [first, second] = [call(clocks[0]), call(clocks[1])];
    await clocks[0].advance(50);
    await clocks[1].advance(70);
    expect([first.atMs, second.atMs]).toEqual([
      [0, 50],
      [0, 50],
    ]);
    await clocks[0].advance(100);
    expect(await first.ended).toBe('done');
    expect(clocks[1].liveTimers).toBe(1);
    controller.abort();
    expect(await second.ended).toBe('aborted');
    expect([clocks[0].liveTimers, clocks[1].liveTimers]).toEqual([0, 0]);
  });

  test('may fire late: what is past the deadline then is not tried', async () => {
    const clock = virtualClock();
    const late: Clock = { ...clock, setTimer: (ms, fn, unref) => clock.setTimer(ms + 500, fn, unref) };
    const { operation, atMs } = failing(5, () => clock.now());
    const call = retry(
      operation,
      { backoff: [100, 100], jitter: 'none', maxElapsedMs: 550 },
      { clock: late },
    );
    await expect(clock.runAll(call)).rejects.toBe(boom);
    expect(atMs).toEqual([0]);
  });

  test('is told whether its timers need to hold the process', async () => {
    for (const unref of [true, false, undefined]) {
      const clock = virtualClock();
      const told: boolean[] = [];
      const setTimer: Clock['setTimer'] = (ms, fn, given) => {
        told.push(given);
        return clock.setTimer(ms, fn, given);
      };
      const { operation } = failing(1, () => clock.now());
      const policy = { maxRetries: 1, attemptTimeoutMs: 10 };
      await clock.runAll(retry(async () => operation(), policy, { clock: { ...clock, setTimer }, unref }));
      expect(told).toEqual([unref ?? false, unref ?? false, unref ?? false]);
    }
  });

  test('is asked for a timer for a delay of 0 too: other work goes first', async () => {
    const clock = virtualClock();
    const { operation, atMs } = failing(3, () => clock.now());
    const call = retry(operation, { baseDelayMs: 0 }, { clock });
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(atMs).toHaveLength(1);
    expect(await clock.runAll(call)).toBe('done');
    expect(atMs).toEqual([0, 0, 0, 0]);
  });
});

describe('the clock of the platform', () => {
  test('yields to the event loop in delays of 0', async () => {
    const { operation, atMs } = failing(30, () => 0);
    const order: string[] = [];
    setImmediate(() => order.push('other work'));
    await retry(operation, { baseDelayMs: 0, maxRetries: 30 });
    order.push(`done after ${atMs.length}`);
    expect(order).toEqual(['other work', 'done after 31']);
  });

  test('is never early, in real time', async () => {
    const { operation, atMs } = failing(8, () => performance.now());
    await retry(operation, { backoff: [1, 2, 3, 4, 5, 6, 7, 8] });
    for (const [index, ms] of atMs.entries()) {
      if (index > 0) expect(ms - atMs[index - 1]!).toBeGreaterThanOrEqual(index);
    }
  });
});

describe('with fake timers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('a delay takes as long as they say', async () => {
    const { operation, atMs } = failing(2, () => performance.now());
    const startMs = performance.now();
    const call = retry(operation, { backoff: [1_000, 60_000] });
    await vi.advanceTimersByTimeAsync(999);
    expect(atMs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(atMs).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await call).toBe('done');
    expect(atMs.map((ms) => ms - startMs)).toEqual([0, 1_000, 61_000]);
  });

  test('a delay takes as long as they say, with a signal too', async () => {
    const { operation } = failing(2, () => 0);
    const call = retry(operation, { backoff: [1_000, 60_000] }, { signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await call).toBe('done');
  });

  test('all who are due together share a timer, and each goes on', async () => {
    const calls = Array.from({ length: 1_000 }, () =>
      retry(failing(1, () => 0).operation, { backoff: [1_000] }),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['done']));
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a shared timer is gone when the last who waited has left, and no sooner', async () => {
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }) =>
      retry(failing(1, () => 0).operation, { backoff: [1_000] }, { signal }),
    );
    await vi.advanceTimersByTimeAsync(500);
    for (const [index, controller] of controllers.entries()) {
      expect(vi.getTimerCount()).toBe(1);
      controller.abort();
      await expect(calls[index]).rejects.toMatchObject({ name: 'AbortError' });
    }
    expect(vi.getTimerCount()).toBe(0);
    // A call that is due in the same millisecond sets a timer of its own again.
    const late = retry(failing(1, () => 0).operation, { backoff: [500] });
    await vi.advanceTimersByTimeAsync(500);
    expect(await late).toBe('done');
  });

  test('those who need the process and those who do not share no timer', async () => {
    const calls = [true, false, true, false].map((unref) =>
      retry(failing(1, () => 0).operation, { backoff: [1_000] }, { unref }),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await Promise.all(calls)).toHaveLength(4);
  });

  test('an attempt is cut off in their time, and leaves no timer where it was not', async () => {
    const policy = { attemptTimeoutMs: 5_000, maxRetries: 0 };
    const cut = expect(retry(() => new Promise(() => {}), policy)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await vi.advanceTimersByTimeAsync(5_000);
    await cut;
    expect(await retry(() => 'value', policy)).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('the date is theirs as well, for hints that name an instant', async () => {
    vi.setSystemTime(Date.UTC(2030, 0, 1));
    const busy = {
      status: 503,
      headers: { 'retry-after': new Date(Date.UTC(2030, 0, 1, 0, 0, 30)).toUTCString() },
    };
    let calls = 0;
    const call = retry(
      () => (++calls === 1 ? Promise.reject(Object.assign(new Error('busy'), busy)) : calls),
      {
        baseDelayMs: 0,
        jitter: 'none',
      },
    );
    await vi.advanceTimersByTimeAsync(29_999);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await call).toBe(2);
  });

  test('25 days go by', async () => {
    const { operation, atMs } = failing(1, () => performance.now());
    const call = retry(operation, { backoff: [25 * day], maxDelayMs: Infinity });
    await vi.advanceTimersByTimeAsync(25 * day - 1);
    expect(atMs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await call).toBe('done');
    expect(atMs[1]! - atMs[0]!).toBe(25 * day);
  });

  test('of which an earlier test has left some behind, nobody waits for those', async () => {
    // A call that will never go on: its timers are taken away with it.
    void retry(failing(1, () => 0).operation, { backoff: [1_000] });
    await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();
    vi.useFakeTimers();
    const call = retry(failing(1, () => 0).operation, { backoff: [1_000] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await call).toBe('done');
  });
});

describe('with fake timers beside a real `performance`', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([1_000, 25 * day])(
    'a delay of %i ms takes as long as they say, for each of many calls',
    async (ms) => {
      const calls = Array.from({ length: 5 }, () => failing(1, () => Date.now()));
      const startMs = Date.now();
      const done = Promise.all(
        calls.map(({ operation }) => retry(operation, { backoff: [ms], maxDelayMs: Infinity })),
      );
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(calls.map(({ atMs }) => atMs.length)).toEqual([1, 1, 1, 1, 1]);
      await vi.advanceTimersByTimeAsync(1);
      await done;
      expect(calls.map(({ atMs }) => atMs[1]! - startMs)).toEqual([ms, ms, ms, ms, ms]);
    },
  );
});

test('a hint that is a fraction of a millisecond is waited for in full', async () => {
  const clock = virtualClock();
  const { atMs, operation } = failing(1, () => clock.now());
  const call = retry(
    () => {
      try {
        return operation();
      } catch (error) {
        throw retryAfter(error as Error, 2.25);
      }
    },
    { baseDelayMs: 0, jitter: 'none' },
    { clock },
  );
  await clock.runAll(call);
  expect(atMs).toEqual([0, 3]);
});
