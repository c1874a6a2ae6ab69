import { describe, expect, test } from 'vitest';
import {
  type AttemptEvent,
  permanent,
  type Report,
  reportOf,
  retry,
  retryAfter,
  type RetryEvent,
  type RetryOptions,
  retryIn,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { unhandled } from './faults.js';
import { fails, hangs, play, reason, returns, type Scenario, steady, type Step } from './scenario.js';

const boom = new Error('boom');
const broken = new Error('broken hook');

/** The events of a scenario, in their order, each with the name of the hook that got it. */
async function eventsOf(
  steps: readonly Step[],
  scenario: Scenario = {},
): Promise<{ attempts: AttemptEvent[]; order: string[]; retries: readonly RetryEvent[]; report: Report }> {
  const attempts: AttemptEvent[] = [];
  const order: string[] = [];
  const { events, report } = await play(steps, {
    ...scenario,
    onAttempt: (event) => {
      attempts.push(event);
      order.push(`onAttempt ${event.attempt}`);
      return scenario.onAttempt?.(event);
    },
    onRetry: (event) => {
      order.push(`onRetry ${event.attempt}`);
      return scenario.onRetry?.(event);
    },
    onEnd: (told) => {
      order.push('onEnd');
      return scenario.onEnd?.(told);
    },
  });
  return { attempts, order, retries: events, report };
}

describe('onAttempt', () => {
  test('is called for a value: done, with the value and the times, and nothing else', async () => {
    const { attempts, order } = await eventsOf([returns('value', 30)]);
    expect(attempts).toStrictEqual([
      { attempt: 1, maxRetries: 3, outcome: 'done', value: 'value', durationMs: 30, elapsedMs: 30 },
    ]);
    expect(order).toEqual(['onAttempt 1', 'onEnd']);
  });

  test('is called for each failure: retry with verdict and delay, then stop with the reason', async () => {
    const { attempts, order } = await eventsOf([fails(boom, 10)], { policy: { ...steady, maxRetries: 2 } });
    expect(attempts).toStrictEqual([
      {
        attempt: 1,
        maxRetries: 2,
        outcome: 'retry',
        error: boom,
        verdict: 'retry',
        delayMs: 100,
        durationMs: 10,
        elapsedMs: 10,
      },
      {
        attempt: 2,
        maxRetries: 2,
        outcome: 'retry',
        error: boom,
        verdict: 'retry',
        delayMs: 200,
        durationMs: 10,
        elapsedMs: 120,
      },
      {
        attempt: 3,
        maxRetries: 2,
        outcome: 'stop',
        error: boom,
        verdict: 'retry',
        reason: 'retries-exhausted',
        durationMs: 10,
        elapsedMs: 330,
      },
    ]);
    expect(order).toEqual(['onAttempt 1', 'onRetry 1', 'onAttempt 2', 'onRetry 2', 'onAttempt 3', 'onEnd']);
  });

  test.each<[string, Step, Scenario, object]>([
    [
      'a value that was refused',
      returns('busy'),
      { classifyResult: () => ({ retryAfterMs: 250 }) },
      { outcome: 'retry', value: 'busy', verdict: { retryAfterMs: 250 }, delayMs: 250, hintMs: 250 },
    ],
    [
      'a hint, as it was given',
      fails(retryAfter(new Error('hint'), 250.5)),
      {},
      {
        outcome: 'retry',
        error: expect.any(Error),
        verdict: { retryAfterMs: 250.5 },
        delayMs: 251,
        hintMs: 250.5,
      },
    ],
    [
      'an exact delay, which is no hint',
      fails(retryIn(new Error('exact'), 7.5)),
      {},
      { outcome: 'retry', error: expect.any(Error), verdict: { delayMs: 7.5 }, delayMs: 8 },
    ],
    [
      'a hint that is too long, also if it is never',
      fails(retryAfter(new Error('never'), Infinity)),
      {},
      {
        outcome: 'stop',
        error: expect.any(Error),
        verdict: { retryAfterMs: Infinity },
        hintMs: Infinity,
        reason: 'hint-too-long',
      },
    ],
    [
      'an error that stops',
      fails(permanent(new Error('gone'))),
      {},
      { outcome: 'stop', error: expect.any(Error), verdict: 'stop', reason: 'not-retryable' },
    ],
    [
      'the deadline',
      fails(boom),
      { policy: { ...steady, maxElapsedMs: 50 } },
      { outcome: 'stop', error: boom, verdict: 'retry', reason: 'deadline' },
    ],
    [
      'undefined that was thrown',
      fails(undefined),
      { policy: { maxRetries: 0 } },
      { maxRetries: 0, outcome: 'stop', error: undefined, verdict: 'retry', reason: 'retries-exhausted' },
    ],
    ['undefined that was returned', returns(undefined), {}, { outcome: 'done', value: undefined }],
    [
      'a decider that throws',
      fails(boom),
      {
        classify: () => {
          throw broken;
        },
      },
      { outcome: 'stop', error: boom, reason: 'hook-failed' },
    ],
    [
      'a decider for values that throws',
      returns('value'),
      {
        classifyResult: () => {
          throw broken;
        },
      },
      { outcome: 'stop', value: 'value', reason: 'hook-failed' },
    ],
    [
      'a random number that throws',
      fails(boom),
      {
        policy: { ...steady, jitter: 'full' },
        random: () => {
          throw broken;
        },
      },
      { outcome: 'stop', error: boom, reason: 'hook-failed' },
    ],
  ])('tells of %s', async (_, step, scenario, told) => {
    const { attempts } = await eventsOf([step, returns('end')], {
      ...scenario,
      // The second attempt ends the call.
      classifyResult: (value, context) =>
        context.attempt === 1 ? scenario.classifyResult?.(value, context) : undefined,
    });
    expect(attempts[0]).toStrictEqual({ attempt: 1, maxRetries: 3, durationMs: 0, elapsedMs: 0, ...told });
  });

  test('tells of an attempt that reached its time limit', async () => {
    const { attempts } = await eventsOf([hangs], {
      policy: { ...steady, maxRetries: 0, attemptTimeoutMs: 80 },
    });
    expect(attempts).toStrictEqual([
      {
        attempt: 1,
        maxRetries: 0,
        outcome: 'stop',
        error: expect.objectContaining({ name: 'TimeoutError' }) as unknown,
        verdict: 'retry',
        reason: 'retries-exhausted',
        durationMs: 80,
        elapsedMs: 80,
      },
    ]);
  });

  test('tells of an abort in an attempt: stop, with the reason of the abort, and no verdict', async () => {
    const { attempts, order } = await eventsOf([fails(boom), hangs], { abortAtMs: 150 });
    expect(attempts[1]).toStrictEqual({
      attempt: 2,
      maxRetries: 3,
      outcome: 'stop',
      error: reason,
      reason: 'aborted',
      durationMs: 50,
      elapsedMs: 150,
    });
    expect(order).toEqual(['onAttempt 1', 'onRetry 1', 'onAttempt 2', 'onEnd']);
  });

  test('is not called for an abort in a delay or before the first attempt: no attempt ends there', async () => {
    expect((await eventsOf([fails(boom)], { abortAtMs: 50 })).order).toEqual([
      'onAttempt 1',
      'onRetry 1',
      'onEnd',
    ]);
    expect((await eventsOf([fails(boom)], { signal: AbortSignal.abort(reason) })).order).toEqual(['onEnd']);
  });

  test('is called for an attempt whose retry onRetry vetoes', async () => {
    const { order, report } = await eventsOf([fails(boom)], {
      onRetry: () => {
        throw broken;
      },
    });
    expect(order).toEqual(['onAttempt 1', 'onRetry 1', 'onEnd']);
    expect(report.reason).toBe('hook-failed');
  });

  test('may abort the call: no onRetry and no attempt follows', async () => {
    const controller = new AbortController();
    const { order, report } = await eventsOf([fails(boom)], {
      signal: controller.signal,
      onAttempt: () => controller.abort(reason),
    });
    expect(order).toEqual(['onAttempt 1', 'onEnd']);
    expect(report.reason).toBe('aborted');
  });

  test('tells maxRetries of the policy that decided', async () => {
    const { attempts, retries } = await eventsOf([fails(boom)], {
      policyFor: (_, { attempt }) => (attempt === 2 ? { ...steady, maxRetries: 1 } : undefined),
    });
    expect(attempts.map(({ maxRetries }) => maxRetries)).toEqual([3, 1]);
    expect(retries.map(({ maxRetries }) => maxRetries)).toEqual([3]);
    expect(attempts[1]).toMatchObject({ outcome: 'stop', reason: 'retries-exhausted' });
  });

  test('is not awaited', async () => {
    const story = await eventsOf([fails(boom), returns('value')], { onAttempt: () => new Promise(() => {}) });
    expect(story.report).toMatchObject({ ok: true, elapsedMs: 100 });
  });
});

const throwing = (value: unknown) => (): never => {
  // oxlint-disable-next-line no-throw-literal
  throw value;
};

describe('what an observer throws', () => {
  const thrown: readonly unknown[] = [broken, undefined, null, 'text'];

  test.each(thrown)('in onAttempt is kept with its attempt, and changes nothing else: %o', async (value) => {
    for (const observer of [throwing(value), () => Promise.reject(value)]) {
      const watched = unhandled();
      const { report, attempts } = await eventsOf([fails(boom), returns('value')], { onAttempt: observer });
      await watched.stop();
      expect(watched.errors).toEqual([]);
      expect(attempts).toHaveLength(2);
      expect(report).toStrictEqual({
        ok: true,
        attempts: [
          { attempt: 1, error: boom, startMs: 0, durationMs: 0, delayMs: 100, hookError: value },
          { attempt: 2, startMs: 100, durationMs: 0, hookError: value },
        ],
        droppedAttempts: 0,
        elapsedMs: 100,
      });
    }
  });

  test.each(thrown)('in onEnd is kept with the last attempt, and changes nothing else: %o', async (value) => {
    for (const observer of [throwing(value), () => Promise.reject(value)]) {
      const watched = unhandled();
      const { report } = await eventsOf([fails(boom), returns('value')], { onEnd: observer });
      await watched.stop();
      expect(watched.errors).toEqual([]);
      expect(report.attempts).toStrictEqual([
        { attempt: 1, error: boom, startMs: 0, durationMs: 0, delayMs: 100 },
        { attempt: 2, startMs: 100, durationMs: 0, hookError: value },
      ]);
    }
  });

  test('late is kept with the attempt it was called for, also when the call has ended', async () => {
    const clock = virtualClock();
    let report: Report | undefined;
    const options: RetryOptions = {
      clock,
      onAttempt: ({ attempt }) =>
        new Promise((_, reject) => {
          clock.setTimer(1_000, () => reject(new Error(`late ${attempt}`)), false);
        }),
      onEnd: (told) => void (report = told),
    };
    const call = retry(({ attempt }) => (attempt === 1 ? Promise.reject(boom) : 'value'), steady, options);
    expect(await clock.runAll(call)).toBe('value');
    expect(report!.attempts.every((record) => !('hookError' in record))).toBe(true);
    await clock.runAll();
    expect(report!.attempts.map(({ hookError }) => (hookError as Error).message)).toEqual([
      'late 1',
      'late 2',
    ]);
  });

  test('late is dropped with an attempt that the report leaves out', async () => {
    const watched = unhandled();
    let isCalled = false;
    const { report } = await eventsOf([fails(boom)], {
      policy: { backoff: 'constant', baseDelayMs: 1, maxRetries: 30 },
      onAttempt: async ({ attempt }) => {
        if (attempt !== 15) return;
        await Promise.resolve();
        isCalled = true;
        throw broken;
      },
    });
    await watched.stop();
    expect(isCalled).toBe(true);
    expect(watched.errors).toEqual([]);
    expect(report.attempts.some((record) => 'hookError' in record)).toBe(false);
  });

  test('in both is there once: what was thrown last', async () => {
    const { report } = await eventsOf([returns('value')], {
      onAttempt: throwing('first'),
      onEnd: throwing('second'),
    });
    expect(report.attempts[0]).toMatchObject({ hookError: 'second' });
  });

  test('is in the report of reportOf', async () => {
    const error = new Error('end');
    await retry(() => Promise.reject(error), { maxRetries: 0 }, { onAttempt: throwing(broken) }).catch(
      () => {},
    );
    expect(reportOf(error)!.attempts[0]!.hookError).toBe(broken);
  });

  test('has nowhere to go after an abort before the first attempt', async () => {
    const { report } = await eventsOf([returns(1)], {
      signal: AbortSignal.abort(reason),
      onEnd: throwing(broken),
    });
    expect(report).toStrictEqual({
      ok: false,
      reason: 'aborted',
      attempts: [],
      droppedAttempts: 0,
      elapsedMs: 0,
    });
  });
});

describe('a name', () => {
  test('is in every event, and not in the report', async () => {
    const { attempts, retries, report } = await eventsOf([fails(boom), returns('value')], { name: 'orders' });
    expect(attempts.map(({ name }) => name)).toEqual(['orders', 'orders']);
    expect(retries.map(({ name }) => name)).toEqual(['orders']);
    expect(report).not.toHaveProperty('name');
  });

  test.each([null, undefined])('that is %o is not there', async (name) => {
    const { attempts, retries } = await eventsOf([fails(boom), returns('value')], { name });
    for (const event of [...attempts, ...retries]) expect(event).not.toHaveProperty('name');
  });
});

test('onRetry gets what is documented, and nothing else', async () => {
  const { retries } = await eventsOf([fails(retryAfter(boom, 300)), returns('refused'), returns('value')], {
    name: 'orders',
    classifyResult: (value) => (value === 'refused' ? 'retry' : undefined),
  });
  expect(retries).toStrictEqual([
    { name: 'orders', attempt: 1, maxRetries: 3, error: boom, delayMs: 300, hintMs: 300, elapsedMs: 0 },
    { name: 'orders', attempt: 2, maxRetries: 3, value: 'refused', delayMs: 200, elapsedMs: 300 },
  ]);
});
