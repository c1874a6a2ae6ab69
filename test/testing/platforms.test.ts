import { mock } from 'node:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retry } from '../../src/index.js';

const platform = { MessageChannel, setImmediate, setTimeout };
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void platform.setTimeout(resolve, ms));

/** As on Deno: the first message of a channel comes after all microtasks, one posted right after another after three. */
class HastyChannel {
  readonly port1: { onmessage?: () => void; close: () => void } = { close() {} };
  readonly port2 = {
    postMessage: async (): Promise<void> => {
      if (!this.#isFresh) return void platform.setTimeout(() => this.#deliver(), 0);
      await Promise.resolve();
      this.#deliver();
    },
  };
  #isFresh = false;

  #deliver(): void {
    this.#isFresh = true;
    platform.setTimeout(() => (this.#isFresh = false), 20);
    this.port1.onmessage?.();
  }
}

function BrokenChannel(): never {
  throw new Error('Not implemented');
}

const absent = undefined;
const platforms: readonly [string, Record<string, unknown>][] = [
  ['Node', platform],
  ['Deno', { ...platform, MessageChannel: HastyChannel }],
  ['a window of jsdom', { ...platform, MessageChannel: absent, setImmediate: absent }],
  ['nothing but MessageChannel', { MessageChannel, setImmediate: absent, setTimeout: absent }],
  [
    'nothing but a hasty MessageChannel',
    { MessageChannel: HastyChannel, setImmediate: absent, setTimeout: absent },
  ],
  ['nothing but setImmediate', { MessageChannel: null, setImmediate, setTimeout: absent }],
  ['a MessageChannel that throws', { ...platform, MessageChannel: BrokenChannel }],
  ['none of them', { MessageChannel: absent, setImmediate: absent, setTimeout: absent }],
];

const fakes: readonly [string, () => void][] = [
  ['none', () => {}],
  [
    'vitest',
    () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'Date', 'performance'] }),
  ],
  ['node:test', () => mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] })],
];

const hooks: readonly [string, () => unknown][] = [
  ['returns', () => undefined],
  [
    'awaits 200 microtasks',
    async () => {
      for (let hop = 0; hop < 200; hop++) await Promise.resolve();
    },
  ],
  ['awaits a real immediate', () => new Promise((resolve) => void platform.setImmediate(resolve))],
  ['awaits a real timer', () => sleep(2)],
];

type Testing = typeof import('../../src/testing/index.js');

/** A copy of the module of its own: what it finds at import depends on the platform. */
async function imported(): Promise<Testing> {
  vi.resetModules();
  return import('../../src/testing/index.js');
}

/** A call that fails four times: how it ends, at what time, and how often the hook was called. */
async function play({ virtualClock }: Testing, hook: () => unknown): Promise<[unknown, number, number]> {
  const clock = virtualClock();
  const onRetry = vi.fn(hook);
  const policy = { maxRetries: 3, baseDelayMs: 100, jitter: 'none' } as const;
  const call = retry(() => Promise.reject(new Error('down')), policy, { clock, onRetry });
  const late = sleep(2_000).then(() => 'runAll never ends');
  const end: unknown = await Promise.race([clock.runAll(call).catch((error: Error) => error.message), late]);
  return [end, clock.now(), onRetry.mock.calls.length];
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  mock.timers.reset();
});

describe.each(platforms)('with %s', (_, globals) => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  });

  describe.each(fakes)('and the fake timers of %s', (__, fake) => {
    test.each(hooks)('runAll goes through all delays with a hook that %s', async (___, hook) => {
      const testing = await imported();
      fake();
      expect(await play(testing, hook)).toEqual(['down', 700, 3]);
    });

    test('runAll goes through all delays if the fake timers were there first', async () => {
      fake();
      expect(await play(await imported(), async () => {})).toEqual(['down', 700, 3]);
    });
  });

  test('advance lets a chain of 200 microtasks end after each timer', async () => {
    const clock = (await imported()).virtualClock();
    let steps = 0;
    const walk = async (): Promise<void> => {
      for (let hop = 0; hop < 200; hop++) await Promise.resolve();
      if (++steps < 10) clock.setTimer(10, () => void walk(), false);
    };
    void walk();
    await clock.advance(89);
    expect(steps).toBe(9);
  });
});

test('a MessageChannel may be installed and removed between two calls', async () => {
  const { virtualClock } = await imported();
  const clock = virtualClock();
  const advanced = vi.fn();
  for (const Channel of [undefined, HastyChannel, MessageChannel, undefined, BrokenChannel, MessageChannel]) {
    vi.stubGlobal('MessageChannel', Channel);
    clock.setTimer(10, advanced, false);
    await clock.advance(10);
    clock.setTimer(10, advanced, false);
    clock.setTimer(20, advanced, false);
    await clock.runAll();
  }
  expect(advanced).toHaveBeenCalledTimes(18);
});

test('fake timers get no timer from the virtual clock', async () => {
  vi.stubGlobal('MessageChannel', undefined);
  vi.useFakeTimers();
  const { virtualClock } = await imported();
  await virtualClock().advance(1_000);
  expect(vi.getTimerCount()).toBe(0);
});
