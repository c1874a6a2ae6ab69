import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type Report, reportOf, retry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import {
  fails,
  hangs,
  listens,
  play,
  reason,
  returns,
  type Scenario,
  steady,
  type Step,
} from './scenario.js';

const boom = new Error('boom');

/** Whatever else happens: the call rejects with the caller's reason, and says so. */
async function playAborted(steps: readonly Step[], scenario: Scenario): ReturnType<typeof play> {
  const story = await play(steps, scenario);
  expect('error' in story.outcome && story.outcome.error).toBe(reason);
  expect(story.report).toMatchObject({ ok: false, reason: 'aborted' });
  expect(reportOf(reason)).toBe(story.report);
  return story;
}

/** A signal, and a hook that aborts it and goes on. */
function aborter(): { signal: AbortSignal; abort: () => undefined } {
  const controller = new AbortController();
  const abort = (): undefined => {
    controller.abort(reason);
  };
  return { signal: controller.signal, abort };
}

describe('an abort', () => {
  test('before the first attempt: the operation is not called', async () => {
    const signal = AbortSignal.abort(reason);
    const story = await playAborted([returns(1)], { signal });
    expect(story.startsMs).toEqual([]);
    expect(story.report).toMatchObject({ attempts: [], droppedAttempts: 0, elapsedMs: 0 });
  });

  test('during an attempt: the call rejects at once, and the signal of the attempt tells the reason', async () => {
    const story = await playAborted([fails(boom), listens], { abortAtMs: 150 });
    expect(story.endedMs).toBe(150);
    expect(story.contexts[1]!.signal.reason).toBe(reason);
    expect(story.report.attempts).toEqual([
      { attempt: 1, error: boom, startMs: 0, durationMs: 0, delayMs: 100 },
      { attempt: 2, error: reason, startMs: 100, durationMs: 50 },
    ]);
  });

  test('during an attempt that ignores its signal: the call rejects at once', async () => {
    const story = await playAborted([hangs], { abortAtMs: 150 });
    expect(story.endedMs).toBe(150);
    // Read for the first time after the abort.
    expect(story.contexts[0]!.signal.aborted).toBe(true);
  });

  test.each<[string, Step]>([
    ['value', returns('late', 500)],
    ['failure', fails(boom, 500)],
  ])('during an attempt that ends later with a %s: that is ignored', async (_, step) => {
    const story = await playAborted([step], { abortAtMs: 150 });
    expect(story.endedMs).toBe(150);
    expect(story.report.attempts).toEqual([{ attempt: 1, error: reason, startMs: 0, durationMs: 150 }]);
  });

  test('during a delay: the call rejects at once, and no attempt follows', async () => {
    const story = await playAborted([fails(boom)], { abortAtMs: 250 });
    expect(story.startsMs).toEqual([0, 100]);
    expect(story.endedMs).toBe(250);
    expect(story.report.attempts.at(-1)).toEqual({
      attempt: 2,
      error: boom,
      startMs: 100,
      durationMs: 0,
      delayMs: 200,
    });
  });

  test('during a slow hook: the call rejects at once, and the end of the hook is ignored', async () => {
    const clock = virtualClock();
    for (const isKept of [true, false]) {
      const { signal, abort } = aborter();
      const call = retry(() => Promise.reject(boom), steady, {
        clock,
        signal,
        onRetry: () =>
          new Promise<void>(
            (resolve, reject) =>
              void clock.setTimer(500, () => (isKept ? resolve() : reject(new Error('late hook'))), false),
          ),
      });
      const rejected = expect(call).rejects.toBe(reason);
      await clock.advance(50);
      abort();
      await rejected;
      await clock.runAll();
    }
  });

  test('after the end changes nothing', async () => {
    const { signal, abort } = aborter();
    const reports: Report[] = [];
    expect(await retry(() => 'done', steady, { signal, onEnd: (report) => reports.push(report) })).toBe(
      'done',
    );
    abort();
    await Promise.resolve();
    expect(reports).toMatchObject([{ ok: true }]);
  });

  test('with whatever reason there is', async () => {
    for (const thrown of [null, 0, '', 'enough']) {
      const call = retry(() => 1, steady, { signal: AbortSignal.abort(thrown) });
      await expect(call).rejects.toBe(thrown);
    }
    await expect(retry(() => 1, steady, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('by a timeout of the platform is an abort as well', async () => {
    const call = retry(() => new Promise(() => {}), steady, { signal: AbortSignal.timeout(1) });
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('an abort from inside wins over what happens in the same moment', () => {
  test.each<[string, () => unknown]>([
    ['returns', () => 'value'],
    [
      'throws',
      () => {
        throw boom;
      },
    ],
    ['resolves', () => Promise.resolve('value')],
    ['rejects', () => Promise.reject(boom)],
    ['hangs', () => new Promise(() => {})],
  ])('of the operation, which then %s', async (_, end) => {
    for (const attemptTimeoutMs of [Infinity, 5]) {
      const { signal, abort } = aborter();
      const operation: Step = () => {
        abort();
        return end();
      };
      const story = await playAborted([operation], { signal, policy: { ...steady, attemptTimeoutMs } });
      expect(story.startsMs).toEqual([0]);
      expect(story.endedMs).toBe(0);
    }
  });

  test('of the operation, after a while', async () => {
    const { signal, abort } = aborter();
    const operation: Step = async (_, sleep) => {
      await sleep(10);
      abort();
      return 'value';
    };
    expect((await playAborted([operation], { signal })).endedMs).toBe(10);
  });

  test('of onRetry, before its delay', async () => {
    const { signal, abort } = aborter();
    const story = await playAborted([fails(boom)], { signal, onRetry: abort });
    expect(story.startsMs).toEqual([0]);
    expect(story.endedMs).toBe(0);
  });

  const hooks = ['classify', 'classifyResult', 'random', 'onRetry'] as const;
  test.each(hooks)('of %s, whatever it says', async (hook) => {
    const { signal, abort } = aborter();
    const story = await playAborted([hook === 'classifyResult' ? returns(1) : fails(boom)], {
      policy: { ...steady, jitter: 'full' },
      signal,
      [hook]: abort,
    });
    expect(story.startsMs).toEqual([0]);
  });

  test.each(hooks)('of %s, also if it throws then', async (hook) => {
    const { signal, abort } = aborter();
    const story = await playAborted([hook === 'classifyResult' ? returns(1) : fails(boom)], {
      policy: { ...steady, jitter: 'full' },
      signal,
      [hook]: () => {
        abort();
        throw new Error('hook');
      },
    });
    expect(story.startsMs).toEqual([0]);
  });

  test('but not of onEnd: the call has ended', async () => {
    const { signal, abort } = aborter();
    const story = await play([returns('done')], { signal, onEnd: abort });
    expect(story.outcome).toEqual({ value: 'done' });
  });

  test('of a listener of the signal of an attempt that is cut off: nobody is asked about that any more', async () => {
    const { signal, abort } = aborter();
    const step: Step = (context) => {
      context.signal.addEventListener('abort', abort);
      return new Promise(() => {});
    };
    let asked = 0;
    const story = await playAborted([step], {
      signal,
      policy: { ...steady, attemptTimeoutMs: 10 },
      classify: () => {
        asked++;
        return 'retry';
      },
    });
    expect(asked).toBe(0);
    expect(story.report.attempts).toEqual([{ attempt: 1, error: reason, startMs: 0, durationMs: 10 }]);
  });
});

describe('calls that share a signal', () => {
  test('have one listener on it, and none after the last has ended', async () => {
    const clock = virtualClock();
    const { signal } = aborter();
    const calls = Array.from({ length: 100 }, (_, index) =>
      retry(() => new Promise((resolve) => void clock.setTimer(index, () => resolve(index), false)), steady, {
        clock,
        signal,
      }),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.advance(50);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.runAll(Promise.all(calls));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    // And again.
    const again = retry(() => Promise.resolve(1), steady, { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await again;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('all end when it is aborted, each in its own phase', async () => {
    const clock = virtualClock();
    const { signal, abort } = aborter();
    const options = { clock, signal };
    const calls = [
      retry(() => new Promise(() => {}), steady, options),
      retry(() => Promise.reject(boom), steady, options),
      retry(() => Promise.reject(boom), steady, { ...options, onRetry: () => new Promise(() => {}) }),
      retry(() => new Promise(() => {}), { ...steady, attemptTimeoutMs: 1_000 }, options),
    ];
    const all = Promise.allSettled(calls);
    await clock.advance(50);
    abort();
    expect(await all).toEqual(calls.map(() => ({ status: 'rejected', reason })));
    expect(clock.liveTimers).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('may begin in the moment of the abort', async () => {
    const { signal, abort } = aborter();
    let inner: Promise<unknown> | undefined;
    const outer = retry(
      (context) => {
        context.signal.addEventListener('abort', () => {
          inner = retry(() => 1, steady, { signal });
          inner.catch(() => {});
        });
        return new Promise(() => {});
      },
      steady,
      { signal },
    );
    abort();
    await expect(outer).rejects.toBe(reason);
    await expect(inner).rejects.toBe(reason);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

test('signal may be null or undefined, as in fetch', async () => {
  expect(await retry(() => 1, steady, { signal: null })).toBe(1);
  expect(await retry(() => 1, steady, { signal: undefined })).toBe(1);
});
