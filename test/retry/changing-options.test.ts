import { describe, expect, test } from 'vitest';
import {
  type Clock,
  decider,
  type Report,
  retry,
  type RetryOptions,
  verdictOf,
  withRetry,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { fails, play, returns, steady } from './scenario.js';

const boom = new Error('boom');
const hangs = (): Promise<never> => new Promise(() => {});

describe('options that are inherited', () => {
  test('count in withRetry as they do in retry', async () => {
    const reason = new Error('enough');
    const options = Object.create({ signal: AbortSignal.abort(reason) }) as RetryOptions;
    let calls = 0;
    const operation = (): number => ++calls;
    await expect(retry(operation, steady, options)).rejects.toBe(reason);
    await expect(withRetry(operation, steady, options)()).rejects.toBe(reason);
    await expect(withRetry(operation, steady, () => options)()).rejects.toBe(reason);
    expect(calls).toBe(0);
  });
});

describe('options that change while the call runs', () => {
  test('do not change what the call is aborted with', async () => {
    const controller = new AbortController();
    const options: { signal?: AbortSignal } = { signal: controller.signal };
    const call = retry(hangs, steady, options);
    options.signal = new AbortController().signal;
    controller.abort(boom);
    await expect(call).rejects.toBe(boom);
  });

  test('do not keep the call from ending when one throws', async () => {
    let reads = 0;
    const options = {
      get onEnd(): () => void {
        if (++reads > 1) throw new Error('read');
        return () => {};
      },
    };
    expect(await retry(() => 1, steady, options)).toBe(1);
    expect(reads).toBe(2);
  });
});

describe('a clock that aborts the call', () => {
  test.each(['setTimer', 'now'] as const)(
    'in %s: no further attempt, and the abort is the end',
    async (where) => {
      const clock = virtualClock();
      const controller = new AbortController();
      let calls = 0;
      const hostile: Clock = {
        now: () => {
          if (where === 'now' && calls === 1) controller.abort(boom);
          return clock.now();
        },
        wallNow: () => clock.wallNow(),
        setTimer: (ms, fn, unref) => {
          if (where === 'setTimer') controller.abort(boom);
          return clock.setTimer(ms, fn, unref);
        },
      };
      const operation = (): never => {
        calls++;
        throw new Error('again');
      };
      await expect(
        clock.runAll(retry(operation, steady, { clock: hostile, signal: controller.signal })),
      ).rejects.toBe(boom);
      expect(calls).toBe(1);
    },
  );
});

test('an abort in onAttempt of a success leaves a record without the value', async () => {
  const controller = new AbortController();
  let report: Report | undefined;
  const call = retry(() => 7, steady, {
    signal: controller.signal,
    onAttempt: () => controller.abort(boom),
    onEnd: (given) => (report = given),
  });
  await expect(call).rejects.toBe(boom);
  expect(report).toMatchObject({ ok: false, reason: 'aborted' });
  expect(report!.attempts).toEqual([{ attempt: 1, startMs: 0, durationMs: report!.attempts[0]!.durationMs }]);
});

test('decider and verdictOf take null for no options, and refuse names they do not have', () => {
  expect(decider({}, null)(boom, 1).retry).toBe(true);
  expect(verdictOf(boom, {}, null)).toBe('retry');
  expect(() => decider({}, { classfy: () => 'stop' } as object)).toThrow(
    'classfy: got function; use classify',
  );
  expect(() => verdictOf(boom, {}, { onRetry: () => {} } as object)).toThrow(TypeError);
});

test('a decision of a decider is frozen: the next answer is the same', () => {
  const decide = decider(steady);
  expect(() => Object.assign(decide(boom, 1), { delayMs: 99 })).toThrow(TypeError);
  expect(decide(boom, 1)).toEqual({ retry: true, delayMs: 100 });
});

test('a value that was refused before a success is in its record, the result is not', async () => {
  const story = await play([returns('no'), fails(boom), returns('yes')], {
    classifyResult: (value) => (value === 'no' ? 'retry' : undefined),
  });
  expect(story.report.attempts.map((record) => ('value' in record ? record.value : record.error))).toEqual([
    'no',
    boom,
    undefined,
  ]);
});
