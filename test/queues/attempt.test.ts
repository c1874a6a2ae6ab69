import fc from 'fast-check';
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { decide, definePolicy, permanent, type PolicySpec, retryAfter, seeded } from '../../src/index.js';
import { type AttemptRun, type Run, runAttempt, stalledReason } from '../../src/queues/attempt.js';
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
    const outcome = attempt(rejects(new Error('x')), {}, { options: { classify: (() => true) as never } });
    expect(await outcome).toMatchObject({
      kind: 'dead',
      reason: 'hook-failed',
      error: expect.any(TypeError),
    });
  });

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
});

const run = (spec: PolicySpec, number: number, elapsedMs = 0): Run<Job> => ({
  policy: definePolicy(spec),
  job,
  queue: 'mail',
  id: '7',
  attempt: number,
  elapsedMs: () => elapsedMs,
  options: {},
});

describe('before an attempt', () => {
  test('a job whose attempts were used up by crashes is stalled', () => {
    expect(stalledReason(run({ maxRetries: 3 }, 4))).toBeUndefined();
    expect(stalledReason(run({ maxRetries: 3 }, 5))).toBe('stalled');
  });

  test('the deadline is asked about now, not about a delay that has been waited for', () => {
    const spec: PolicySpec = { baseDelayMs: 900, maxElapsedMs: 1_000, jitter: 'none' };
    expect(stalledReason(run(spec, 2, 900))).toBeUndefined();
    expect(stalledReason(run(spec, 2, 1_000))).toBe('deadline');
  });

  test('a first attempt always runs', () => {
    expect(stalledReason(run({ maxRetries: 0, maxElapsedMs: 0 }, 1, 1e9))).toBeUndefined();
  });

  test('for any policy without a deadline, exactly the attempts up to maxRetries + 1 run', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom('constant', 'linear', 'exponential', 'fibonacci', 'decorrelated'),
        fc.nat(1e9),
        (maxRetries, number, backoff, elapsedMs) => {
          const reason = stalledReason(run({ maxRetries, backoff }, number, elapsedMs));
          expect(reason).toBe(number > maxRetries + 1 ? 'stalled' : undefined);
        },
      ),
      { seed: 6 },
    );
  });
});
