import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { definePolicy, permanent, presets, reportOf, retry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { fails, play, returns, steady } from './scenario.js';

const boom = new Error('boom');

const thenable = (settle: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void) => ({
  // oxlint-disable-next-line unicorn/no-thenable
  then: settle,
});

describe('the value of the operation', () => {
  test.each([undefined, null, 0, '', false, NaN, 'text', { a: 1 }, [1], () => {}])(
    'is the value of the call, whatever it is: %o',
    async (value) => {
      expect((await play([returns(value)])).outcome).toEqual({ value });
      expect(await retry(() => value)).toBe(value);
      expect(await retry(async () => value)).toBe(value);
    },
  );

  test('comes from the first attempt that does not fail', async () => {
    const story = await play([fails(boom), fails(boom), returns('third')]);
    expect(story.outcome).toEqual({ value: 'third' });
    expect(story.startsMs).toEqual([0, 100, 300]);
    expect(story.contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('may be an error that is returned and not thrown', async () => {
    expect((await play([returns(boom)])).outcome).toEqual({ value: boom });
  });

  test('may come from a thenable, which may fail as well', async () => {
    const story = await play([
      () => thenable((_, reject) => reject(boom)),
      () =>
        thenable(() => {
          throw boom;
        }),
      () =>
        // oxlint-disable-next-line unicorn/no-thenable
        Object.defineProperty({}, 'then', {
          get: () => {
            throw boom;
          },
        }),
      () => thenable((resolve) => resolve(thenable((again) => again('deep')))),
    ]);
    expect(story.outcome).toEqual({ value: 'deep' });
    expect(story.startsMs).toHaveLength(4);
  });

  test('settles the call once, however often a thenable says otherwise', async () => {
    const noisy = thenable((resolve, reject) => {
      resolve('first');
      reject(boom);
      resolve('second');
    });
    expect((await play([() => noisy])).outcome).toEqual({ value: 'first' });
  });
});

describe('what the operation throws', () => {
  test.each([undefined, null, 0, '', false, 'text', 404, 5n, Symbol('s'), {}, () => {}])(
    'is retried, and reaches the caller unchanged, whatever it is: %o',
    async (thrown) => {
      const story = await play([fails(thrown)]);
      expect(story.outcome).toEqual({ error: thrown });
      expect(story.startsMs).toEqual([0, 100, 300, 700]);
      expect(story.report.attempts.every(({ error }) => error === thrown)).toBe(true);
      expect(story.report.attempts.every((attempt) => 'error' in attempt)).toBe(true);
    },
  );

  test('may be thrown synchronously', async () => {
    const story = await play([
      () => {
        throw boom;
      },
      () => 'value',
    ]);
    expect(story.outcome).toEqual({ value: 'value' });
    expect(story.startsMs).toEqual([0, 100]);
  });

  test('never turns into an exception of retry itself', async () => {
    const gone = permanent(new Error('gone'));
    const call = retry(() => {
      throw gone;
    });
    expect(call).toBeInstanceOf(Promise);
    await expect(call).rejects.toBe(gone);
  });

  test('is the last of several errors, untouched', async () => {
    const errors = [new Error('1'), new Error('2'), new Error('3'), Object.freeze(new Error('4'))];
    const keysBefore = Reflect.ownKeys(errors[3]!);
    const story = await play(errors.map((error) => fails(error)));
    expect('error' in story.outcome && story.outcome.error).toBe(errors[3]);
    expect(Reflect.ownKeys(errors[3]!)).toEqual(keysBefore);
    expect(reportOf(errors[3])).toBe(story.report);
    expect(reportOf(errors[0])).toBeUndefined();
  });

  test('may be frozen', async () => {
    const frozen = Object.freeze(new Error('frozen'));
    const story = await play([fails(frozen)]);
    expect('error' in story.outcome && story.outcome.error).toBe(frozen);
    expect(reportOf(frozen)).toMatchObject({ reason: 'retries-exhausted' });
  });

  test('may come from another realm', async () => {
    const foreign = vm.runInNewContext("new Error('foreign')") as Error;
    expect(foreign).not.toBeInstanceOf(Error);
    const story = await play([fails(foreign)]);
    expect('error' in story.outcome && story.outcome.error).toBe(foreign);
    expect(story.startsMs).toHaveLength(4);
    expect(reportOf(foreign)).toBe(story.report);
  });

  test('may come from a promise of another realm', async () => {
    const operation = vm.runInNewContext("async () => { throw 'foreign'; }") as () => Promise<never>;
    expect((await play([operation])).outcome).toEqual({ error: 'foreign' });
  });
});

describe('the number of attempts', () => {
  test('is maxRetries + 1 at the most, and nothing is waited for after the last', async () => {
    const story = await play([fails(boom)], { policy: { ...steady, maxRetries: 2 } });
    expect(story.startsMs).toEqual([0, 100, 300]);
    expect(story.endedMs).toBe(300);
    expect(story.report).toMatchObject({ ok: false, reason: 'retries-exhausted', elapsedMs: 300 });
  });

  test('is one without retries', async () => {
    const story = await play([fails(boom)], { policy: { maxRetries: 0 } });
    expect(story.startsMs).toEqual([0]);
    expect(story.endedMs).toBe(0);
  });

  test('is one where the failure is not worth a retry', async () => {
    const story = await play([fails(permanent(new Error('gone')))]);
    expect(story.startsMs).toEqual([0]);
    expect(story.report.reason).toBe('not-retryable');
  });

  test('follows a list of delays', async () => {
    const story = await play([fails(boom)], { policy: { backoff: [5, 0, 50] } });
    expect(story.startsMs).toEqual([0, 5, 5, 55]);
  });
});

describe('the policy of a call', () => {
  test('is the default one if there is none', async () => {
    const clock = virtualClock();
    let calls = 0;
    const operation = (): never => {
      calls++;
      throw boom;
    };
    await expect(clock.runAll(retry(operation, undefined, { clock }))).rejects.toBe(boom);
    expect(calls).toBe(presets.default.maxRetries + 1);
    expect(clock.now()).toBeGreaterThanOrEqual(62_000);
    expect(clock.now()).toBeLessThanOrEqual(62_000 * 1.25);
  });

  test('may be a bare spec: frozen or not, it is taken as it is at each call', async () => {
    const bare = { maxRetries: 1, baseDelayMs: 100, jitter: 'none' as const };
    const frozen = Object.freeze({ ...bare });
    for (const policy of [bare, frozen, frozen, definePolicy(bare)])
      expect((await play([fails(boom)], { policy })).startsMs).toEqual([0, 100]);
    bare.maxRetries = 2;
    expect((await play([fails(boom)], { policy: bare })).startsMs).toEqual([0, 100, 300]);
  });

  test('is refused before the first attempt if it is none, also the second time', async () => {
    let calls = 0;
    const operation = (): number => ++calls;
    const wrong = Object.freeze({ maxRetries: -1 });
    for (const policy of [wrong, wrong, { retries: 3 }, null, [], 5, 'default']) {
      await expect(retry(operation, policy as object)).rejects.toThrow(TypeError);
      await expect(retry(operation, policy as object)).rejects.toThrow('Not a retry policy:');
    }
    expect(calls).toBe(0);
  });

  test('does not hold the options of the call', async () => {
    const { signal } = new AbortController();
    await expect(retry(() => 1, { signal } as object)).rejects.toThrow(
      'signal: got object; use signal, in the options after the policy',
    );
  });
});

describe('an operation', () => {
  test('that is none is refused at once, for that cannot be mended by trying again', async () => {
    for (const operation of [undefined, null, 5, 'text', {}]) {
      await expect(retry(operation as never)).rejects.toThrow(TypeError);
      // No call has begun, so none has ended.
      let ends = 0;
      await expect(retry(operation as never, steady, { onEnd: () => ends++ })).rejects.toThrow(TypeError);
      expect(ends).toBe(0);
    }
  });

  test('is called with one argument, the context, which tells attempt and signal', async () => {
    const given: unknown[][] = [];
    await retry((...args: unknown[]) => given.push(args));
    expect(given).toHaveLength(1);
    expect(given[0]).toHaveLength(1);
    expect(given[0]![0]).toMatchObject({ attempt: 1 });
    expect((given[0]![0] as { signal: unknown }).signal).toBeInstanceOf(AbortSignal);
  });

  test('is called synchronously, and its signal is the same at every look, and not aborted', async () => {
    let called = false;
    const call = retry(({ signal, ...rest }) => {
      called = true;
      return [signal.aborted, rest];
    });
    expect(called).toBe(true);
    expect(await call).toEqual([false, { attempt: 1 }]);
    await retry((context) => {
      expect(context.signal).toBe(context.signal);
    });
  });

  test('has a signal of its own in every attempt', async () => {
    const story = await play([fails(boom)]);
    expect(new Set(story.contexts.map(({ signal }) => signal)).size).toBe(4);
  });
});

test('one error object of two calls at once tells of the call that ended last', async () => {
  const clock = virtualClock();
  const shared = new Error('shared');
  const call = (maxRetries: number): Promise<unknown> =>
    retry(() => Promise.reject(shared), { ...steady, maxRetries }, { clock }).catch((error: unknown) =>
      reportOf(error),
    );
  const [long, short] = [call(3), call(1)];
  await clock.runAll(Promise.all([long, short]));
  expect(await short).toMatchObject({ reason: 'retries-exhausted', elapsedMs: 100 });
  expect(await long).toMatchObject({ reason: 'retries-exhausted', elapsedMs: 700 });
  expect(reportOf(shared)).toBe(await long);
});
