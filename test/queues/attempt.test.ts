import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  decide,
  definePolicy,
  permanent,
  type PolicySpec,
  retryAfter,
  retryIn,
  seeded,
} from '../../src/index.js';
import { type AttemptRun, runAttempt } from '../../src/queues/attempt.js';
import type { AttemptEvent } from '../../src/queues/types.js';
import { virtualClock } from '../../src/testing/index.js';

interface Job {
  readonly to: string;
}
const job: Job = { to: 'ada' };

let clock = virtualClock();
beforeEach(() => {
  clock = virtualClock();
});

/** An attempt on a clock that stands still until it is told. */
function attempt(
  handler: AttemptRun<Job>['handler'],
  spec: PolicySpec = {},
  { options, ...run }: Partial<AttemptRun<Job>> = {},
) {
  const policy = definePolicy({ maxRetries: 3, baseDelayMs: 100, jitter: 'none', ...spec });
  return runAttempt({
    policy,
    handler,
    job,
    queue: 'mail',
    id: '7',
    attempt: 1,
    elapsedMs: () => clock.now(),
    options: { clock, ...options },
    ...run,
  });
}

const rejects = (thrown: unknown) => (): never => {
  throw thrown;
};

describe('one attempt', () => {
  test('is done with the value of its handler, which is told job, attempt and signal', async () => {
    const seen: unknown[] = [];
    const outcome = attempt(
      (given, context) => {
        seen.push(given, context.attempt, context.signal.aborted);
        return 'sent';
      },
      {},
      { attempt: 2 },
    );
    expect(await outcome).toMatchObject({
      kind: 'done',
      value: 'sent',
      record: { attempt: 2, outcome: 'done' },
    });
    expect(seen).toEqual([job, 2, false]);
  });

  test('is retried after the delay that decide gives, with the job’s own stream of draws', async () => {
    const error = new Error('flaky');
    const spec: PolicySpec = { jitter: 'full', baseDelayMs: 1_000_000, maxDelayMs: 10_000_000 };
    const outcome = attempt(rejects(error), spec, { attempt: 3 });
    const policy = definePolicy({ maxRetries: 3, ...spec });
    const expected = decide(policy, { verdict: 'retry', attempt: 3, elapsedMs: 0 }, seeded('mail:7'));
    expect(await outcome).toMatchObject({
      kind: 'retry',
      error,
      delayMs: expected.retry && expected.delayMs,
    });
  });

  test('uses the caller’s draws for the job, if there are any', async () => {
    const outcome = attempt(
      rejects(new Error('x')),
      { jitter: 'full' },
      {
        options: { random: (given) => () => (given === job ? 0.25 : 0) },
      },
    );
    expect(await outcome).toMatchObject({ kind: 'retry', delayMs: 25 });
  });

  test.each<[string, unknown, PolicySpec, string]>([
    ['marked as permanent', permanent(new Error('no')), {}, 'not-retryable'],
    ['on the last attempt', new Error('flaky'), { maxRetries: 0 }, 'retries-exhausted'],
    [
      'with a hint over the limit',
      retryAfter(new Error('busy'), 10_000),
      { maxRetryAfterMs: 9_999 },
      'hint-too-long',
    ],
    ['too near to the deadline', new Error('flaky'), { maxElapsedMs: 100 }, 'deadline'],
  ])('is the end, and says why, when it fails %s', async (_, error, spec, reason) => {
    const outcome = attempt(rejects(error), spec);
    expect(await outcome).toMatchObject({ kind: 'dead', reason, error, record: { outcome: 'dead', reason } });
  });

  test('tells the hint that had a part in the delay', async () => {
    const outcome = attempt(rejects(retryAfter(new Error('busy'), 500)));
    expect(await outcome).toMatchObject({ kind: 'retry', delayMs: 500, hintMs: 500 });
  });

  test('is judged by the caller first', async () => {
    const stop = attempt(rejects(new Error('x')), {}, { options: { classify: () => 'stop' } });
    expect(await stop).toMatchObject({ kind: 'dead', reason: 'not-retryable' });
    const retry = attempt(rejects(permanent(new Error('x'))), {}, { options: { classify: () => 'retry' } });
    expect(await retry).toMatchObject({ kind: 'retry' });
  });

  test('is the end when classify or random throws, or classify says something that is no verdict', async () => {
    const trouble = new Error('a bug in the hook');
    const hook = (): never => {
      throw trouble;
    };
    for (const options of [{ classify: hook }, { random: hook }]) {
      const outcome = attempt(rejects(new Error('x')), { jitter: 'full' }, { options });
      expect(await outcome).toMatchObject({ kind: 'dead', reason: 'hook-failed', error: trouble });
    }
  });

  test.each([
    [{ classify: () => true }, /^classify: got true; return 'retry', 'stop', /],
    [{ classify: () => Promise.resolve('retry') }, /^classify: got .*never a promise$/],
    [{ policyFor: () => ({ maxRetries: -1 }) }, /maxRetries/],
    [{ policyFor: () => Promise.resolve({}) }, /./],
  ])(
    'is the end when a decider returns what it must not, and the error names it: %o',
    async (options, words) => {
      const outcome = await attempt(rejects(new Error('x')), {}, { options: options as never });
      expect(outcome).toMatchObject({
        kind: 'dead',
        reason: 'hook-failed',
        error: {
          name: expect.stringMatching(/TypeError|PolicyError/),
          message: expect.stringMatching(words),
        },
      });
    },
  );

  test('has the delay of the policy that `policyFor` chooses, and as many attempts', async () => {
    const slow = new Error('429');
    const options = {
      policyFor: (failure: unknown) =>
        failure === slow ? { maxRetries: 4, baseDelayMs: 7_000, jitter: 'none' as const } : undefined,
    };
    const failing = (error: Error, number: number) =>
      attempt(rejects(error), { maxRetries: 1 }, { attempt: number, options });
    expect(await failing(slow, 1)).toMatchObject({ kind: 'retry', delayMs: 7_000 });
    expect(await failing(slow, 4)).toMatchObject({ kind: 'retry', delayMs: 56_000 });
    expect(await failing(slow, 5)).toMatchObject({ kind: 'dead', reason: 'retries-exhausted' });
    expect(await failing(new Error('x'), 1)).toMatchObject({ kind: 'retry', delayMs: 100 });
    expect(await failing(new Error('x'), 2)).toMatchObject({ kind: 'dead', reason: 'retries-exhausted' });
  });

  test('keeps the time limits of the queue, whatever `policyFor` chooses', async () => {
    const options = { policyFor: () => ({ maxRetries: 9, attemptTimeoutMs: 5, maxElapsedMs: Infinity }) };
    const late = attempt(
      rejects(new Error('x')),
      { maxElapsedMs: 1_000 },
      { attempt: 2, elapsedMs: () => 1_000, options },
    );
    expect(await late).toMatchObject({ kind: 'dead', reason: 'deadline' });
  });

  test.each([0, 10, 20, 99, 100, 1_000_000, 2 ** 45])(
    'waits exactly as long as its own code says, whatever the policy: %i ms',
    async (delayMs) => {
      const spec: PolicySpec = { maxDelayMs: 1_000, maxRetryAfterMs: 0, jitter: 'full' };
      const outcome = attempt(rejects(retryIn(new Error('not yet'), delayMs)), spec);
      expect(await outcome).toMatchObject({ kind: 'retry', delayMs, hintMs: undefined });
    },
  );

  test('leaves a record with start, duration and the error as data', async () => {
    const outcome = attempt(
      () => new Promise((_, reject) => void clock.setTimer(40, () => reject(new RangeError('far')), false)),
    );
    await clock.runAll();
    expect((await outcome) as object).toMatchObject({
      record: {
        attempt: 1,
        outcome: 'retry',
        startedAtMs: 946_684_800_000,
        durationMs: 40,
        delayMs: 100,
        error: { name: 'RangeError', message: 'far' },
      },
    });
  });
});

describe('the time of an attempt', () => {
  test('ends it with its signal aborted; what the handler does later changes nothing, and is never unhandled', async () => {
    let signal: AbortSignal | undefined;
    const outcome = attempt(
      (_, context) => {
        ({ signal } = context);
        return new Promise(
          (_resolve, reject) => void clock.setTimer(900, () => reject(new Error('late')), false),
        );
      },
      { attemptTimeoutMs: 300 },
    );
    await clock.advance(299);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      kind: 'retry',
      error: { name: 'TimeoutError' },
      record: { durationMs: 300 },
    });
    expect(signal?.reason).toMatchObject({ name: 'TimeoutError' });
    await clock.runAll();
  });

  test('is a failure worth a retry, whatever the handler makes of the abort', async () => {
    const outcome = attempt(
      (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(permanent(new Error('bad')))),
        ),
      { attemptTimeoutMs: 300 },
    );
    await clock.runAll();
    expect(await outcome).toMatchObject({ kind: 'retry', error: { name: 'TimeoutError' } });
  });

  test('is no longer than what is left of the whole', async () => {
    const outcome = attempt(
      () => new Promise(() => undefined),
      { maxElapsedMs: 1_000 },
      {
        attempt: 2,
        elapsedMs: () => 950 + clock.now(),
      },
    );
    await clock.advance(50);
    expect(await outcome).toMatchObject({ kind: 'dead', reason: 'deadline' });
  });

  test('is nothing after the deadline', async () => {
    const outcome = attempt(
      () => new Promise(() => undefined),
      { maxElapsedMs: 1_000 },
      { attempt: 2, elapsedMs: () => 1_001 + clock.now() },
    );
    await clock.advance(0);
    expect(await outcome).toMatchObject({ kind: 'dead', reason: 'deadline' });
  });

  test.each([0, 900, 980, 999, 1_000, 1_100, 5_000])(
    'is that of `retry()` for a first attempt, however long its job has waited in the queue: %i ms',
    async (waitedMs) => {
      const takes = (ms: number) =>
        attempt(
          () => new Promise((resolve) => void clock.setTimer(ms, () => resolve('sent'), false)),
          { maxElapsedMs: 1_000 },
          { elapsedMs: () => waitedMs + clock.now() },
        );
      const quick = takes(200);
      await clock.runAll();
      expect(await quick).toMatchObject({ kind: 'done', value: 'sent' });
      const slow = takes(2_000);
      await clock.runAll();
      expect(await slow).toMatchObject({ kind: 'dead', reason: 'deadline', record: { durationMs: 1_000 } });
    },
  );

  test('is cut at `attemptTimeoutMs` for a first attempt, too, and is nothing without any time', async () => {
    const hangs = (spec: PolicySpec) =>
      attempt(() => new Promise(() => undefined), spec, { elapsedMs: () => 5_000 + clock.now() });
    const short = hangs({ maxElapsedMs: 1_000, attemptTimeoutMs: 300 });
    const none = hangs({ maxElapsedMs: 0 });
    await clock.runAll();
    expect(await short).toMatchObject({ kind: 'dead', reason: 'deadline', record: { durationMs: 300 } });
    expect(await none).toMatchObject({ kind: 'dead', reason: 'deadline', record: { durationMs: 0 } });
  });

  test('may be longer than a timer can be', async () => {
    const days = 50 * 86_400_000;
    const outcome = attempt(() => new Promise(() => undefined), { attemptTimeoutMs: days });
    await clock.advance(days - 1);
    const early = await Promise.race([outcome, Promise.resolve('still running')]);
    expect(early).toBe('still running');
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: 'retry' });
  });

  test('leaves no timer behind', async () => {
    const outcome = attempt(() => 'sent', { attemptTimeoutMs: 300 });
    await outcome;
    expect(clock.liveTimers).toBe(0);
  });
});

describe('shutdown', () => {
  test('before an attempt: the handler is not called', async () => {
    let called = false;
    const outcome = attempt(() => void (called = true), {}, { options: { signal: AbortSignal.abort() } });
    expect(await outcome).toEqual({ kind: 'released' });
    expect(called).toBe(false);
  });

  test('during an attempt: the job is released when the handler has settled, not before, and nobody is told', async () => {
    const shutdown = new AbortController();
    const events: unknown[] = [];
    let settle: ((error: Error) => void) | undefined;
    const outcome = attempt(
      () => new Promise((_, reject) => (settle = reject)),
      {},
      {
        options: { signal: shutdown.signal, onAttempt: (event) => events.push(event) },
      },
    );
    shutdown.abort();
    const early = await Promise.race([
      outcome,
      new Promise((resolve) => setImmediate(resolve, 'still running')),
    ]);
    expect(early).toBe('still running');
    settle?.(permanent(new Error('whatever')));
    expect(await outcome).toEqual({ kind: 'released' });
    expect(events).toEqual([]);
  });

  test('does not undo work that was finished in spite of it', async () => {
    const shutdown = new AbortController();
    const outcome = attempt(
      () => {
        shutdown.abort();
        return 'sent';
      },
      {},
      { options: { signal: shutdown.signal } },
    );
    expect(await outcome).toMatchObject({ kind: 'done', value: 'sent' });
  });

  test('does not save an attempt that has run out of time', async () => {
    const shutdown = new AbortController();
    const outcome = attempt(
      () => new Promise(() => undefined),
      { attemptTimeoutMs: 100 },
      {
        options: { signal: shutdown.signal },
      },
    );
    shutdown.abort();
    await clock.runAll();
    expect(await outcome).toMatchObject({ kind: 'retry', error: { name: 'TimeoutError' } });
  });

  test('has one listener for all jobs that run, and none when they have ended', async () => {
    const { signal } = new AbortController();
    const runs = Array.from({ length: 50 }, () =>
      attempt(() => 'sent', {}, { options: { signal }, hostSignal: signal }),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(runs);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('the host', () => {
  test('reaches the handler through its own signal, also when it has been aborted before', async () => {
    for (const abortFirst of [true, false]) {
      const host = new AbortController();
      if (abortFirst) host.abort('cancelled');
      const outcome = attempt(
        (_, { signal }) => {
          if (!abortFirst) host.abort('cancelled');
          return `${String(signal.aborted)}: ${String(signal.reason)}`;
        },
        {},
        { hostSignal: host.signal },
      );
      expect(await outcome).toMatchObject({ kind: 'done', value: 'true: cancelled' });
    }
  });

  test('gets its own messages back untouched', async () => {
    const message = new Error('I moved it myself');
    const events: unknown[] = [];
    const outcome = attempt(
      rejects(message),
      {},
      {
        passThrough: (error) => error === message,
        options: { onAttempt: (event) => events.push(event) },
      },
    );
    await expect(outcome).rejects.toBe(message);
    expect(events).toEqual([]);
  });
});

describe('onAttempt', () => {
  test('is told of every attempt, with the error unchanged, and is awaited', async () => {
    const error = new Error('flaky');
    const events: AttemptEvent<Job>[] = [];
    const options = {
      onAttempt: async (event: AttemptEvent<Job>) => {
        await Promise.resolve();
        events.push(event);
      },
    };
    await attempt(rejects(error), {}, { options });
    await attempt(rejects(permanent(new Error('no'))), {}, { options });
    await attempt(() => 'sent', {}, { options });
    expect(events).toMatchObject([
      { job, queue: 'mail', id: '7', attempt: 1, outcome: 'retry', delayMs: 100 },
      { outcome: 'dead', reason: 'not-retryable' },
      { outcome: 'done' },
    ]);
    expect(
      events.map(({ name, maxRetries, verdict, durationMs, elapsedMs }) => [
        name,
        maxRetries,
        verdict,
        durationMs,
        elapsedMs,
      ]),
    ).toEqual([
      ['mail', 3, 'retry', 0, 0],
      ['mail', 3, 'stop', 0, 0],
      ['mail', 3, undefined, 0, 0],
    ]);
    expect(events[2]?.value).toBe('sent');
    expect(events[0]?.error).toBe(error);
    expect(events[2]).not.toHaveProperty('error');
  });

  test('changes nothing by throwing, but its error is kept in the history', async () => {
    const options = { onAttempt: () => Promise.reject(new Error('metrics are down')) };
    const outcome = attempt(() => 'sent', {}, { options });
    expect(await outcome).toMatchObject({
      kind: 'done',
      record: { outcome: 'done', hookError: { message: 'metrics are down' } },
    });
  });

  test('has the name that was given, and the hint, but no hint for an exact delay', async () => {
    const events: AttemptEvent<Job>[] = [];
    const options = { name: 'outgoing', onAttempt: (event: AttemptEvent<Job>) => void events.push(event) };
    await attempt(rejects(retryAfter(new Error('busy'), 500)), {}, { options });
    await attempt(rejects(retryIn(new Error('busy'), 500)), {}, { options });
    expect(events).toMatchObject([
      { name: 'outgoing', verdict: { retryAfterMs: 500 }, delayMs: 500, hintMs: 500 },
      { name: 'outgoing', verdict: { delayMs: 500 }, delayMs: 500 },
    ]);
    expect(events[1]).not.toHaveProperty('hintMs');
  });

  test('has no negative time, if the clocks of enqueue and worker differ', async () => {
    const events: AttemptEvent<Job>[] = [];
    const options = { onAttempt: (event: AttemptEvent<Job>) => void events.push(event) };
    await attempt(() => 'sent', {}, { options, elapsedMs: () => -30 });
    expect(events[0]?.elapsedMs).toBe(0);
  });

  test('is left after 5 seconds if it hangs; what it throws later changes nothing', async () => {
    let fail: ((error: Error) => void) | undefined;
    const options = { onAttempt: () => new Promise((_, reject) => (fail = reject)) };
    const outcome = attempt(() => 'sent', {}, { options });
    await clock.advance(4_999);
    expect(await Promise.race([outcome, Promise.resolve('waiting')])).toBe('waiting');
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: 'done', value: 'sent' });
    expect(clock.liveTimers).toBe(0);
    fail?.(new Error('too late'));
    await clock.runAll();
    expect((await outcome) as object).not.toHaveProperty('record.hookError');
  });
});
