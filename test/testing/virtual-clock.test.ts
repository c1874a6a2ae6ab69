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
  });
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

  test('gives up on somebody who retries without end', async () => {
    const clock = virtualClock();
    const again = (): void => void clock.setTimer(0, again, false);
    again();
    await expect(clock.runAll()).rejects.toThrow('runAll: 1000000 timers, and no end');
  }, 120_000);
});

describe('the date', () => {
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
