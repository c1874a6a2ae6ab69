import { describe, expect, test } from 'vitest';
import { permanent, type Report, reportOf, retry, type RetryEvent, seeded } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { fails, play, returns, type Scenario, steady, type Step } from './scenario.js';

const boom = new Error('boom');
const broken = new Error('broken hook');
const breaks = (): never => {
  throw broken;
};

describe('onRetry', () => {
  test('is told of each failure that is followed by a retry, before the delay', async () => {
    const story = await play([fails(boom, 50), fails('text'), returns('third')]);
    expect(story.events).toEqual([
      { attempt: 1, maxRetries: 3, error: boom, delayMs: 100, elapsedMs: 50 },
      { attempt: 2, maxRetries: 3, error: 'text', delayMs: 200, elapsedMs: 150 },
    ]);
  });

  test('is not called for the last failure, nor for one that stops', async () => {
    expect((await play([fails(boom)])).events).toHaveLength(3);
    expect((await play([fails(permanent(new Error('gone')))])).events).toHaveLength(0);
    expect((await play([returns(1)])).events).toHaveLength(0);
  });

  test('gets the value that was refused, and no error beside it', async () => {
    const story = await play([returns('refused')], { classifyResult: () => ({ retryAfterMs: 150 }) });
    expect(story.events[0]).toEqual({
      attempt: 1,
      maxRetries: 3,
      value: 'refused',
      delayMs: 150,
      hintMs: 150,
      elapsedMs: 0,
    });
  });

  test('may return a promise: it is awaited before the delay, and its time counts', async () => {
    const clock = virtualClock();
    const startsMs: number[] = [];
    let report: Report | undefined;
    const call = retry(
      () => {
        startsMs.push(clock.now());
        throw boom;
      },
      { ...steady, maxElapsedMs: 1_000 },
      {
        clock,
        onRetry: () => new Promise((resolve) => void clock.setTimer(300, () => resolve('ignored'), false)),
        onEnd: (told) => (report = told),
      },
    );
    await expect(clock.runAll(call)).rejects.toBe(boom);
    // 300 of the hook and 100, then 300 and 200; the delay was decided on before the hook took the time for it.
    expect(startsMs).toEqual([0, 400, 900]);
    expect(report).toMatchObject({ reason: 'deadline', elapsedMs: 900 });
  });

  test('that takes all the time there was ends the call, without the delay', async () => {
    const clock = virtualClock();
    const call = retry(
      () => Promise.reject(boom),
      { ...steady, maxElapsedMs: 1_000 },
      {
        clock,
        onRetry: () => new Promise<void>((resolve) => void clock.setTimer(950, resolve, false)),
      },
    );
    await expect(clock.runAll(call)).rejects.toBe(boom);
    expect(clock.now()).toBe(950);
    const report = reportOf(boom)!;
    expect(report).toMatchObject({ reason: 'deadline', elapsedMs: 950 });
    expect(report.attempts).toEqual([{ attempt: 1, error: boom, startMs: 0, durationMs: 0 }]);
  });

  test('that never ends has until maxElapsedMs', async () => {
    const story = await play([fails(boom, 50)], {
      policy: { ...steady, maxElapsedMs: 1_000 },
      onRetry: () => new Promise(() => {}),
    });
    expect(story.outcome).toEqual({ error: boom });
    expect(story.report).toMatchObject({ reason: 'deadline', elapsedMs: 1_000 });
    expect(story.report.attempts).toEqual([{ attempt: 1, error: boom, startMs: 0, durationMs: 50 }]);
  });

  test.each([
    [Infinity, 0],
    [1_000, 1],
  ])('with maxElapsedMs %d is watched by %d timers', async (maxElapsedMs, timers) => {
    const clock = virtualClock();
    let finish!: () => void;
    const onRetry = (): Promise<void> => new Promise((resolve) => (finish = resolve));
    const call = retry(
      fails(boom) as () => never,
      { ...steady, maxElapsedMs, maxRetries: 1 },
      { clock, onRetry },
    );
    await clock.advance(0);
    expect(clock.liveTimers).toBe(timers);
    finish();
    await clock.advance(0);
    // That of the delay.
    expect(clock.liveTimers).toBe(1);
    await expect(clock.runAll(call)).rejects.toBe(boom);
  });

  test('may return a thenable', async () => {
    let isDone = false;
    const slow = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (go: () => void): void => {
        isDone = true;
        go();
      },
    };
    const story = await play([fails(boom), () => isDone], { onRetry: () => slow });
    expect(story.outcome).toEqual({ value: true });
  });
});

describe('a hook that throws ends the call with its error', () => {
  const hooks: readonly [string, Scenario, Step?][] = [
    ['onRetry', { onRetry: breaks }],
    ['onRetry, later', { onRetry: () => Promise.reject(broken) }],
    ['classify', { classify: breaks }],
    ['classifyResult', { classifyResult: breaks }, returns(1)],
    ['random', { random: breaks, policy: { ...steady, jitter: 'full' } }],
  ];
  test.each(hooks)('%s', async (_, scenario, step = fails(boom)) => {
    const story = await play([step], scenario);
    expect('error' in story.outcome && story.outcome.error).toBe(broken);
    expect(story.report).toMatchObject({ ok: false, reason: 'hook-failed' });
    expect(story.report.attempts).toHaveLength(1);
    expect(story.report.attempts[0]).not.toHaveProperty('delayMs');
    expect(reportOf(broken)).toBe(story.report);
    expect(reportOf(boom)?.attempts).not.toBe(story.report.attempts);
  });

  test('with what it throws, whatever that is', async () => {
    for (const thrown of [undefined, null, 'text'])
      expect(
        (
          await play([fails(boom)], {
            onRetry: () => {
              // oxlint-disable-next-line no-throw-literal
              throw thrown;
            },
          })
        ).outcome,
      ).toEqual({ error: thrown });
  });
});

describe('onEnd', () => {
  test('is called once for every end, before the promise settles', async () => {
    const order: string[] = [];
    await retry(() => 1, steady, { onEnd: ({ ok }) => order.push(`end ${ok}`) }).then(() =>
      order.push('settled'),
    );
    await retry(
      () => Promise.reject(boom),
      { maxRetries: 0 },
      { onEnd: ({ ok }) => order.push(`end ${ok}`) },
    ).catch(() => order.push('settled'));
    expect(order).toEqual(['end true', 'settled', 'end false', 'settled']);
  });

  test('is not awaited', async () => {
    const onEnd = (async () => {
      await new Promise(() => {});
    }) as () => void;
    expect(await retry(() => 'value', steady, { onEnd })).toBe('value');
  });

  test.each([
    ['throws', breaks],
    ['rejects', () => Promise.reject(broken)],
  ])('that %s changes nothing: the error is kept with the last attempt', async (_, onEnd) => {
    let report: Report | undefined;
    const seen = (told: Report): unknown => {
      report = told;
      return onEnd();
    };
    expect(await retry(() => 'value', steady, { onEnd: seen })).toBe('value');
    await new Promise((resolve) => setTimeout(resolve));
    expect(report).toMatchObject({ ok: true, attempts: [{ attempt: 1, hookError: broken }] });

    await expect(retry(() => Promise.reject(boom), { maxRetries: 0 }, { onEnd: seen })).rejects.toBe(boom);
    await new Promise((resolve) => setTimeout(resolve));
    expect(reportOf(boom)).toMatchObject({ reason: 'retries-exhausted', attempts: [{ hookError: broken }] });
  });

  test('that throws after an abort before the first attempt changes nothing: there is no attempt to keep it', async () => {
    const reason = new Error('enough');
    const call = retry(() => 1, steady, { signal: AbortSignal.abort(reason), onEnd: breaks });
    await expect(call).rejects.toBe(reason);
    expect(reportOf(reason)).toMatchObject({ reason: 'aborted', attempts: [] });
  });
});

describe('random', () => {
  test('gives the draw for each delay', async () => {
    const story = await play([fails(boom)], { policy: { ...steady, jitter: [1, 2] }, random: () => 0.5 });
    expect(story.startsMs).toEqual([0, 150, 450, 1_050]);
  });

  test('as a seeded stream gives the same delays again', async () => {
    const scenario = { policy: { ...steady, jitter: 'full' }, random: seeded('job 42') } as const;
    expect((await play([fails(boom)], scenario)).startsMs).toEqual(
      (await play([fails(boom)], scenario)).startsMs,
    );
  });

  test('is else a stream of its own for every call, the same for all delays of a call', async () => {
    const scenario = { policy: { maxRetries: 2, baseDelayMs: 100_000, jitter: 'full' } } as const;
    const delays = await Promise.all(
      Array.from({ length: 20 }, async () =>
        (await play([fails(boom)], scenario)).events.map(({ delayMs }) => delayMs),
      ),
    );
    expect(new Set(delays.map(([first]) => first)).size).toBeGreaterThan(15);
    expect(new Set(delays.map(([, second]) => second)).size).toBeGreaterThan(15);
  });
});

test('hooks are called with nothing but what is documented', async () => {
  const given: unknown[][] = [];
  const hook = (...args: unknown[]): undefined => {
    given.push(args);
  };
  await play([fails(boom), returns('value')], { classify: hook, classifyResult: hook, onRetry: hook });
  const event: RetryEvent = { attempt: 1, maxRetries: 3, error: boom, delayMs: 100, elapsedMs: 0 };
  expect(given.map((args) => args.length)).toEqual([2, 1, 2]);
  expect(given[0]).toMatchObject([boom, { attempt: 1 }]);
  expect(given[1]).toEqual([event]);
  expect(given[2]).toMatchObject(['value', { attempt: 2 }]);
});
