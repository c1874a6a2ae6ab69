import { afterEach, describe, expect, test, vi } from 'vitest';
import { retry } from '../../src/index.js';
import { flaky, virtualClock } from '../../src/testing/index.js';

const hourMs = 3_600_000;

describe('advance', () => {
  test('fires what is due, in the order it is due, at the time it is due', async () => {
    const clock = virtualClock();
    const fired: [string, number][] = [];
    const note = (name: string) => (): void => void fired.push([name, clock.now()]);
    clock.setTimer(20, note('later'), false);
    clock.setTimer(10, note('first'), false);
    clock.setTimer(10, note('second'), false);
    clock.setTimer(21, note('not yet'), false);
    await clock.advance(20);
    expect(fired).toEqual([
      ['first', 10],
      ['second', 10],
      ['later', 20],
    ]);
    expect([clock.now(), clock.liveTimers]).toEqual([20, 1]);
  });

  test('fires timers that are set on the way', async () => {
    const clock = virtualClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.setTimer(10, again, false);
    };
    clock.setTimer(10, again, false);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test('lets everything go on that needs no time, before and between', async () => {
    const clock = virtualClock();
    let steps = 0;
    const walk = async (): Promise<void> => {
      for (; steps < 1_000; steps++) await Promise.resolve();
      clock.setTimer(5, () => void steps++, false);
    };
    void walk();
    await clock.advance(5);
    expect(steps).toBe(1_001);
  });

  test('does not fire what was cancelled, and does not count it', async () => {
    const clock = virtualClock();
    const fire = vi.fn();
    const cancel = clock.setTimer(10, fire, false);
    expect(clock.liveTimers).toBe(1);
    cancel();
    cancel();
    expect(clock.liveTimers).toBe(0);
    await clock.advance(10);
    expect(fire).not.toHaveBeenCalled();
  });

  test('refuses to go back, and to go on for ever', async () => {
    for (const ms of [-1, NaN, Infinity])
      await expect(virtualClock().advance(ms)).rejects.toThrow(RangeError);
    await expect(virtualClock().advance(NaN)).rejects.toThrow('advance: got NaN; expected milliseconds');
  });

  test('stops after a million timers of 0 ms', async () => {
    const clock = virtualClock();
    const again = (): void => void clock.setTimer(0, again, false);
    again();
    await expect(clock.advance(1)).rejects.toThrow('advance: stopped after 1 000 000 timers.');
  }, 120_000);
});

describe('runAll', () => {
  test('drives a retry through hours', async () => {
    const clock = virtualClock();
    const operation = flaky({ failTimes: 10, value: 'done' });
    const policy = { backoff: 'constant', baseDelayMs: hourMs, maxDelayMs: hourMs, jitter: 'none' } as const;
    await expect(clock.runAll(retry(operation, { ...policy, maxRetries: 10 }, { clock }))).resolves.toBe(
      'done',
    );
    expect([clock.now(), clock.liveTimers]).toEqual([10 * hourMs, 0]);
  });

  test('rejects as the promise does, and stops where it has settled', async () => {
    const clock = virtualClock();
    clock.setTimer(hourMs, () => {}, false);
    const error = new Error('no');
    await expect(
      clock.runAll(retry(flaky({ failTimes: 1, error }), { maxRetries: 0 }, { clock })),
    ).rejects.toBe(error);
    expect([clock.now(), clock.liveTimers]).toEqual([0, 1]);
    await clock.runAll();
    expect([clock.now(), clock.liveTimers]).toEqual([hourMs, 0]);
  });

  test('stops after a million timers and says what to do', async () => {
    const clock = virtualClock();
    const again = (): void => void clock.setTimer(0, again, false);
    again();
    await expect(clock.runAll()).rejects.toThrow(
      'runAll: stopped after 1 000 000 timers. Does the policy have no limit on retries? Use advance(ms).',
    );
  }, 120_000);
});

describe('runAll with a promise', () => {
  test('waits for an operation that sets its timer later, however long that takes', async () => {
    const clock = virtualClock();
    const call = retry(
      flaky({ failTimes: 2, value: 'done' }),
      { jitter: 'none', maxRetries: 2 },
      {
        clock,
        onRetry: () => new Promise((resolve) => void setTimeout(resolve, 5)),
      },
    );
    await expect(clock.runAll(call)).resolves.toBe('done');
    expect(clock.liveTimers).toBe(0);
  });

  test('takes a thenable, and calls its then once', async () => {
    let calls = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- what query builders are
    const query = { then: (resolve: (value: string) => void): void => resolve(`row ${++calls}`) };
    await expect(virtualClock().runAll(query as PromiseLike<string>)).resolves.toBe('row 1');
    expect(calls).toBe(1);
  });

  test.each([
    ['null', null, 'runAll: got null; expected a promise; pass what retry() returned, or nothing'],
    ['a function', () => {}, 'runAll: got function; expected a promise; call the function'],
  ])('rejects %s', async (_, until, message) => {
    await expect(virtualClock().runAll(until as unknown as Promise<void>)).rejects.toThrow(
      new TypeError(message),
    );
  });

  test('keeps the callers in the stack of an error', async () => {
    const clock = virtualClock();
    const operation = async (): Promise<never> => {
      await clock.advance(0);
      throw new Error('boom');
    };
    async function third(): Promise<never> {
      return await clock.runAll(operation());
    }
    async function second(): Promise<never> {
      return await third();
    }
    const error: unknown = await second().catch((thrown: unknown) => thrown);
    expect((error as Error).stack).toMatch(/third.*second/s);
  });

  test('several walks of one clock at the same time fire each timer once, and time never runs backwards', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    for (let ms = 1; ms <= 50; ms++) clock.setTimer(ms, () => void times.push(clock.now()), false);
    await Promise.all([clock.advance(20), clock.runAll(), clock.advance(30), clock.runAll(clock.advance(5))]);
    expect(times).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(clock.now()).toBe(50);
  });

  test('two of them on one clock both end', async () => {
    const clock = virtualClock();
    const call = (): Promise<unknown> => retry(flaky({ failTimes: 3, value: 'done' }), {}, { clock });
    expect(await Promise.all([clock.runAll(call()), clock.runAll(call())])).toEqual(['done', 'done']);
  });
});

describe('the date', () => {
  test('must be a finite number', () => {
    expect(() => virtualClock({ wallMs: NaN })).toThrow(/wallMs: got NaN; expected milliseconds since 1970/);
  });

  test('moves with the clock, from where it was set', async () => {
    const clock = virtualClock({ wallMs: Date.UTC(2026, 0, 1) });
    await clock.advance(1_500);
    expect(new Date(clock.wallNow()).toISOString()).toBe('2026-01-01T00:00:01.500Z');
    expect(new Date(virtualClock().wallNow()).toISOString()).toBe('2000-01-01T00:00:00.000Z');
  });

  test('is what a hint that names an instant is counted from', async () => {
    const clock = virtualClock({ wallMs: Date.UTC(2026, 0, 1) });
    const error = { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' } };
    await clock.runAll(retry(flaky({ failTimes: 1, error }), { jitter: 'none' }, { clock }));
    expect(clock.now()).toBe(120_000);
  });
});

describe('beside fake timers', () => {
  afterEach(() => void vi.useRealTimers());

  test('goes on, for it needs none', async () => {
    vi.useFakeTimers();
    const clock = virtualClock();
    await clock.runAll(retry(flaky({ failTimes: 3 }), {}, { clock }));
    expect(clock.now()).toBeGreaterThanOrEqual(14_000);
  });
});
