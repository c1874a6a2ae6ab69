import { AsyncLocalStorage } from 'node:async_hooks';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type Report, reportOf, retry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { unhandled } from './faults.js';
import { fails, hangs, play, returns, type Scenario, steady, type Step } from './scenario.js';

const boom = new Error('boom');

const trap = (): never => {
  throw new Error('do not touch');
};

/** Throws at every touch. */
const touchy = (target: object): object => {
  const traps = Object.getOwnPropertyNames(Reflect).map((name) => [name, trap] as const);
  return new Proxy(target, Object.fromEntries(traps));
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** A promise with an own key. */
const promiseWith = (key: string, descriptor: PropertyDescriptor, promise = Promise.resolve('ok')): unknown =>
  Object.defineProperty(promise, key, descriptor);

/** What operations of other people return, and what `await` makes of it. */
const disguises: Record<string, () => unknown> = {
  'a promise inside a proxy': () => new Proxy(Promise.resolve('ok'), {}),
  'an object that inherits from a promise': () => Object.create(Promise.resolve(1)) as unknown,
  'a promise with a then of its own': () => promiseWith('then', { value: () => boom }),
  'a promise whose own then throws': () =>
    promiseWith('then', {
      get: () => {
        throw boom;
      },
    }),
  'a promise whose constructor throws': () =>
    promiseWith('constructor', {
      get: () => {
        throw boom;
      },
    }),
  'a promise with another constructor': () => promiseWith('constructor', { value: Array }),
  'a promise of a subclass': () => class Mine extends Promise<unknown> {}.resolve('ok'),
  'a promise of another realm': () => vm.runInNewContext('Promise.resolve("ok")') as unknown,
  'a promise that rejects': () => Promise.reject(boom),
  'a plain value with the constructor Promise': () => ({ constructor: Promise, type: 'column' }),
  'a value whose constructor throws': () =>
    Object.defineProperty({}, 'constructor', {
      get: () => {
        throw boom;
      },
    }),
  'a function': () => () => 'ok',
  'a thenable function': () =>
    // oxlint-disable-next-line unicorn/no-thenable
    Object.assign(() => {}, { then: (go: (value: string) => void) => go('ok') }),
  'a thenable that fulfils': () => thenable((go) => go('ok')),
  'a thenable that fulfils with a promise that rejects': () => thenable((go) => go(Promise.reject(boom))),
  'a thenable that rejects with undefined': () => thenable((_, fail) => fail(undefined)),
  'a thenable that throws': () =>
    thenable(() => {
      throw boom;
    }),
  'a thenable that throws after it has fulfilled': () =>
    thenable((go) => {
      go('ok');
      throw boom;
    }),
  'a thenable that settles four times': () =>
    thenable((go, fail) => {
      fail(boom);
      go('ok');
      fail('again');
      go('again');
    }),
  'an object whose then can be read once': () => {
    let reads = 0;
    return {
      // oxlint-disable-next-line unicorn/no-thenable
      get then() {
        if (++reads > 1) throw new Error('read twice');
        return (go: (value: string) => void) => go('ok');
      },
    };
  },
};

function thenable(
  then: (go: (value: unknown) => void, fail: (error: unknown) => void) => void,
): PromiseLike<unknown> {
  // oxlint-disable-next-line unicorn/no-thenable
  return { then } as PromiseLike<unknown>;
}

type Settled = { value: unknown } | { error: unknown };
const settled = (promise: Promise<unknown>): Promise<Settled> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

/** Two settlements, without the identity of what is made anew each time. */
const comparable = (outcome: Settled): unknown => {
  const came = 'error' in outcome ? outcome.error : outcome.value;
  return { failed: 'error' in outcome, came: typeof came === 'function' ? 'function' : came };
};

const ways: Record<string, Scenario> = {
  'without limits': {},
  'with a time limit': { policy: { ...steady, attemptTimeoutMs: 1_000 } },
  'with a hook for values': { classifyResult: () => undefined },
};

describe.each(Object.entries(disguises))('an operation that returns %s', (_, make) => {
  test('settles a call without options as await does, at attempts 1 and 2', async () => {
    const watched = unhandled();
    // oxlint-disable-next-line typescript/await-thenable
    const awaited = comparable(await settled((async () => await make())()));
    for (const failures of [0, 1]) {
      let calls = 0;
      const call = retry(() => (++calls > failures ? make() : Promise.reject(boom)), {
        maxRetries: failures,
        baseDelayMs: 0,
      });
      expect(comparable(await settled(call))).toEqual(awaited);
    }
    await watched.stop();
    expect(watched.errors).toEqual([]);
  });

  test.each(Object.entries(ways))(
    'settles a call %s as await does, at attempts 1 and 2',
    async (_way, way) => {
      const watched = unhandled();
      // oxlint-disable-next-line typescript/await-thenable
      const awaited = comparable(await settled((async () => await make())()));
      for (const steps of [[make], [fails(boom), make]] as Step[][]) {
        // `play` itself is an async function that returns what the step gives it.
        const policy = { ...steady, ...way.policy, maxRetries: steps.length - 1 };
        const story = await play(
          steps.map((step) => (context, sleep) => step(context, sleep)),
          { ...way, policy },
        );
        expect(comparable(story.outcome)).toEqual(awaited);
        expect(story.startsMs).toHaveLength(steps.length);
      }
      await watched.stop();
      expect(watched.errors).toEqual([]);
    },
  );
});

test('an operation whose thenable never settles is cut off like any other', async () => {
  const story = await play([() => thenable(() => {})], {
    policy: { ...steady, maxRetries: 1, attemptTimeoutMs: 50 },
  });
  expect(story.outcome).toMatchObject({ error: { name: 'TimeoutError' } });
  expect(story.endedMs).toBe(200);
});

describe('an error that throws at every touch', () => {
  const errors = { touchy: touchy(new Error('x')), revoked: revoked() };

  test.each(Object.entries(errors))('is retried, and reaches the caller: %s', async (_, error) => {
    const story = await play([fails(error)], { policy: { ...steady, attemptTimeoutMs: 1_000 } });
    expect('error' in story.outcome && story.outcome.error === error).toBe(true);
    expect(story.startsMs).toEqual([0, 100, 300, 700]);
    expect(reportOf(error)).toBe(story.report);
  });

  test.each(Object.entries(errors))('is the cause of the time limit after it: %s', async (_, error) => {
    const attempts = 12;
    const failing = Array.from({ length: attempts }, () => fails(error));
    const policy = {
      backoff: 'constant',
      baseDelayMs: 1,
      maxRetries: attempts,
      attemptTimeoutMs: 50,
    } as const;
    const story = await play([...failing, hangs], { policy });
    const [last] = story.report.attempts.slice(-1);
    expect((last!.error as Error).name).toBe('TimeoutError');
    expect((last!.error as Error).cause === error).toBe(true);
  });

  test.each(Object.entries(errors))('at attempt 10 does not let attempt 11 hang: %s', async (_, error) => {
    const failing = Array.from({ length: 10 }, () => fails(error));
    const policy = { backoff: 'constant', baseDelayMs: 1, maxRetries: 10, attemptTimeoutMs: 50 } as const;
    const story = await play([...failing, hangs], { policy });
    expect(story.outcome).toMatchObject({ error: { name: 'TimeoutError' } });
  });
});

const deepFreeze = (report: Report): void => {
  for (const record of report.attempts) Object.freeze(record);
  Object.freeze(report.attempts);
  Object.freeze(report);
};

describe('a report that a hook has frozen', () => {
  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw boom;
      },
    ],
    ['rejects', () => Promise.reject(boom)],
  ])('changes nothing when the hook %s then', async (_, fail) => {
    const watched = unhandled();
    const onEnd = (report: Report): unknown => {
      deepFreeze(report);
      return fail();
    };
    expect(await retry(() => 'value', steady, { onEnd })).toBe('value');
    await expect(retry(() => Promise.reject(boom), { maxRetries: 0 }, { onEnd })).rejects.toBe(boom);
    await watched.stop();
    expect(watched.errors).toEqual([]);
  });
});

describe('a hook that starts calls of its own, on the same clock and signal', () => {
  const hooks = [
    'classify',
    'classifyResult',
    'policyFor',
    'random',
    'onAttempt',
    'onRetry',
    'onEnd',
  ] as const;
  test.each(hooks)('%s', async (hook) => {
    const clock = virtualClock();
    const { signal } = new AbortController();
    const inner: Promise<unknown>[] = [];
    const start = (): undefined => {
      let calls = 0;
      const operation = (): string => {
        if (++calls < 3) throw boom;
        return 'inner';
      };
      const call = retry(operation, { ...steady, attemptTimeoutMs: 500 }, { clock, signal });
      inner.push(call);
    };
    let calls = 0;
    const outer = retry(
      () => {
        if (++calls === 1) throw boom;
        return 'outer';
      },
      { ...steady, jitter: 'full', attemptTimeoutMs: 500 },
      { clock, signal, [hook]: start },
    );
    expect(await clock.runAll(outer)).toBe('outer');
    await clock.runAll();
    expect(inner.length).toBeGreaterThan(0);
    expect(new Set(await Promise.all(inner))).toEqual(new Set(['inner']));
    expect(clock.liveTimers).toBe(0);
  });

  test('an operation does so, three deep', async () => {
    const clock = virtualClock();
    const call = (depth: number): Promise<string> => {
      let calls = 0;
      return retry(
        () => {
          if (++calls === 1) throw boom;
          return depth > 0 ? call(depth - 1) : 'deep';
        },
        { ...steady, attemptTimeoutMs: 5_000 },
        { clock, onEnd: () => {} },
      );
    };
    expect(await clock.runAll(call(3))).toBe('deep');
    expect(clock.now()).toBe(400);
    expect(clock.liveTimers).toBe(0);
  });
});

describe('the async context of the caller', () => {
  const context = new AsyncLocalStorage<string>();
  const hooks = [
    'classify',
    'classifyResult',
    'policyFor',
    'random',
    'onAttempt',
    'onRetry',
    'onEnd',
  ] as const;

  test.each(hooks)(
    'is that of %s, also where calls share a timer and another context aborts',
    async (hook) => {
      const clock = virtualClock();
      const controller = new AbortController();
      const seen = new Map<string, unknown[]>();
      const calls = ['a', 'b', 'c'].map((name) =>
        context.run(name, () => {
          seen.set(name, []);
          const note = (): undefined => {
            seen.get(name)!.push(context.getStore());
          };
          return retry(
            ({ attempt }) => {
              note();
              if (attempt === 1) throw boom;
              if (attempt === 2) return 'refused';
              return new Promise(() => {});
            },
            { ...steady, jitter: 'full', attemptTimeoutMs: 500 },
            {
              clock,
              signal: controller.signal,
              random: () => 0.5,
              classifyResult: (value) => (value === 'refused' ? 'retry' : undefined),
              [hook]: (...args: unknown[]) => {
                note();
                return hook === 'classifyResult' && args[0] === 'refused'
                  ? 'retry'
                  : hook === 'random'
                    ? 0.5
                    : undefined;
              },
            },
          ).catch(note);
        }),
      );
      await clock.advance(400);
      context.run('who aborts', () => controller.abort());
      await Promise.all(calls);
      for (const [name, stores] of seen) {
        expect(stores.length).toBeGreaterThan(4);
        expect(new Set(stores)).toEqual(new Set([name]));
      }
    },
  );
});

test('a value and an error that are returned are those of the operation, whatever the hooks make of them', async () => {
  const story = await play([fails(boom), returns('value')], {
    onAttempt: (event) => {
      Object.assign(event, { error: 'changed', value: 'changed', attempt: 99 });
    },
  });
  expect(story.outcome).toEqual({ value: 'value' });
  expect(story.report.attempts[0]).toMatchObject({ attempt: 1, error: boom });
});
