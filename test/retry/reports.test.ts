import { describe, expect, test } from 'vitest';
import { type Report, reportOf, retry, retryAfter } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { fails, play, returns, steady } from './scenario.js';

const boom = new Error('boom');
const aFunction = (): void => {};

describe('a report', () => {
  test('tells each attempt: its error, start, duration and the delay after it', async () => {
    const story = await play([fails(boom, 10), fails('text', 20), returns('value', 30)]);
    expect(story.report).toEqual({
      ok: true,
      attempts: [
        { attempt: 1, error: boom, startMs: 0, durationMs: 10, delayMs: 100 },
        { attempt: 2, error: 'text', startMs: 110, durationMs: 20, delayMs: 200 },
        { attempt: 3, startMs: 330, durationMs: 30 },
      ],
      droppedAttempts: 0,
      elapsedMs: 360,
    } satisfies Report);
  });

  test('of a failure tells the reason', async () => {
    const story = await play([fails(boom, 10)], { policy: { maxRetries: 0 } });
    expect(story.report).toEqual({
      ok: false,
      reason: 'retries-exhausted',
      attempts: [{ attempt: 1, error: boom, startMs: 0, durationMs: 10 }],
      droppedAttempts: 0,
      elapsedMs: 10,
    });
  });

  test('tells the hint of the last failure', async () => {
    const busy = retryAfter(new Error('busy'), 70);
    expect((await play([fails(busy)], { policy: { maxRetries: 0 } })).report).toMatchObject({ hintMs: 70 });
  });

  test.each([
    [19, 20, 0],
    [20, 20, 1],
    [99, 20, 80],
  ])('after %i retries keeps %i attempts and drops %i', async (maxRetries, kept, dropped) => {
    const { report } = await play([fails(boom)], {
      policy: { maxRetries, backoff: 'constant', baseDelayMs: 10, jitter: 'none' },
    });
    const numbers = report.attempts.map(({ attempt }) => attempt);
    expect(numbers).toHaveLength(kept);
    expect(numbers.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(numbers.slice(10)).toEqual(Array.from({ length: 10 }, (_, index) => maxRetries - 8 + index));
    expect(report.droppedAttempts).toBe(dropped);
    expect(report.attempts.at(-1)).toEqual({
      attempt: maxRetries + 1,
      error: boom,
      startMs: maxRetries * 10,
      durationMs: 0,
    });
  });

  test.each([9, 10, 11, 15])('of %i attempts numbers them from 1', async (count) => {
    const { report } = await play([fails(boom)], {
      policy: { maxRetries: count - 1, backoff: 'constant', baseDelayMs: 10, jitter: 'none' },
    });
    const numbers = report.attempts.map(({ attempt }) => attempt);
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(report.droppedAttempts).toBe(0);
  });

  test('tells whole milliseconds, also on a clock that shows fractions', async () => {
    const clock = virtualClock();
    let report: Report | undefined;
    const options = {
      clock: { ...clock, now: () => clock.now() * 1.001 + 0.37 },
      onEnd: (told: Report) => void (report = told),
    };
    const call = retry(() => Promise.reject(boom), steady, options);
    await expect(clock.runAll(call)).rejects.toBe(boom);
    for (const { startMs, durationMs } of report!.attempts)
      expect([startMs, durationMs].every(Number.isInteger)).toBe(true);
    expect(Number.isInteger(report!.elapsedMs)).toBe(true);
  });

  test('never tells negative times, though the clock may run backwards', async () => {
    const clock = virtualClock();
    let now = 1_000;
    let report: Report | undefined;
    await retry(() => (now -= 500), steady, {
      clock: { ...clock, now: () => now },
      onEnd: (told) => (report = told),
    });
    expect(report).toMatchObject({ elapsedMs: 0, attempts: [{ startMs: 0, durationMs: 0 }] });
  });
});

describe('reportOf', () => {
  test('knows nothing of what no call has ended with', async () => {
    for (const value of [undefined, null, 5, 'text', Symbol('s'), {}, new Error('new')])
      expect(reportOf(value)).toBeUndefined();
    const fine = { fine: true };
    await retry(() => fine);
    expect(reportOf(fine)).toBeUndefined();
  });

  test('knows what a call ended with, without a hook and without touching it', async () => {
    const error = Object.freeze(new Error('frozen'));
    await retry(() => Promise.reject(error), { maxRetries: 0 }).catch(() => {});
    expect(reportOf(error)).toMatchObject({ ok: false, reason: 'retries-exhausted', attempts: [{ error }] });
    await retry(() => Promise.reject(aFunction), { maxRetries: 0 }).catch(() => {});
    expect(reportOf(aFunction)).toMatchObject({ ok: false });
  });

  test('tells of the last call that ended with an object', async () => {
    const error = new Error('again');
    for (const maxRetries of [1, 0]) await play([fails(error)], { policy: { ...steady, maxRetries } });
    expect(reportOf(error)!.attempts).toHaveLength(1);
  });
});
