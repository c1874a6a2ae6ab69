import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { retryFetch } from '../../src/http/index.js';
import { retry, type RetryOptions, withRetry } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const all =
  'signal, classify, classifyResult, policyFor, onAttempt, onRetry, onEnd, name, random, clock, unref';

/** Expects each door of the library to refuse the options with this message, and not to call the operation. */
async function expectRefusal(options: unknown, message: string): Promise<void> {
  const wrong = options as RetryOptions;
  const refusal = new TypeError(message);
  let calls = 0;
  const operation = (): number => ++calls;
  await expect(retry(operation, {}, wrong)).rejects.toEqual(refusal);
  expect(() => withRetry(operation, {}, wrong)).toThrow(refusal);
  await expect(withRetry(operation, {}, () => wrong)()).rejects.toEqual(refusal);
  expect(calls).toBe(0);
}

function expectRefusalOfFetch(options: unknown, message: string): void {
  expect(() => retryFetch({}, options as object)).toThrow(new TypeError(message));
}

const signalOf = 'expected a signal, such as controller.signal';
const clockOf = 'expected a clock with now, wallNow and setTimer';
const randomOf = "expected a function; use seeded('order 42')";

describe('a value of the wrong kind is refused before the first attempt', () => {
  test.each<[string, unknown, string]>([
    ['signal', new AbortController(), `got object; ${signalOf}`],
    ['signal', 'abort', `got "abort"; ${signalOf}`],
    ['signal', () => false, `got function; ${signalOf}`],
    ['signal', false, `got false; ${signalOf}`],
    ['signal', new EventTarget(), `got object; ${signalOf}`],
    ['signal', { aborted: false }, `got object; ${signalOf}`],
    ['signal', { aborted: false, addEventListener: true }, `got object; ${signalOf}`],
    ['clock', Date, `got function; ${clockOf}`],
    ['clock', performance, `got object; ${clockOf}`],
    ['clock', 0, `got 0; ${clockOf}`],
    ...['now', 'wallNow', 'setTimer'].map((name): [string, unknown, string] => [
      'clock',
      { ...virtualClock(), [name]: 5 },
      `got object; ${clockOf}`,
    ]),
    ...['classify', 'classifyResult', 'policyFor', 'onAttempt', 'onRetry', 'onEnd'].flatMap(
      (name): [string, unknown, string][] => [
        [name, 'log', 'got "log"; expected a function'],
        [name, {}, 'got object; expected a function'],
        [name, true, 'got true; expected a function'],
        [name, Promise.resolve(), 'got object; expected a function'],
      ],
    ),
    ['random', 'order 42', `got "order 42"; ${randomOf}`],
    ['random', 42, `got 42; ${randomOf}`],
    ['random', { next: () => 0 }, `got object; ${randomOf}`],
    ['name', 5, 'got 5; expected a string'],
    ['name', Symbol('mail'), 'got Symbol(mail); expected a string'],
    ['name', () => 'mail', 'got function; expected a string'],
    ['unref', 1, 'got 1; expected a boolean'],
    ['unref', 'true', 'got "true"; expected a boolean'],
    ['unref', () => true, 'got function; expected a boolean'],
  ])('%s: %o', async (name, value, message) => {
    await expectRefusal({ [name]: value }, `${name}: ${message}`);
    expectRefusalOfFetch({ [name]: value }, `${name}: ${message}`);
  });

  test.each<[string, unknown, string]>([
    ['fetch', 'undici', 'got "undici"; expected a function'],
    ['idempotent', 'POST', 'got "POST"; expected a boolean or function'],
    ['idempotent', 1, 'got 1; expected a boolean or function'],
  ])('of retryFetch, %s: %o', (name, value, message) => {
    expectRefusalOfFetch({ [name]: value }, `${name}: ${message}`);
  });

  test('and the first one in the message is the first one in the options', async () => {
    await expectRefusal({ onEnd: 1, onretry: 2 }, 'onEnd: got 1; expected a function');
    await expectRefusal({ onretry: 2, onEnd: 1 }, 'onretry: got 2; use onRetry');
  });

  test('or with the error of a getter', async () => {
    const boom = new Error('boom');
    const options: RetryOptions = {
      get signal(): AbortSignal {
        throw boom;
      },
    };
    await expect(retry(() => 1, {}, options)).rejects.toBe(boom);
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    await expect(retry(() => 1, {}, revoked.proxy)).rejects.toThrow(TypeError);
  });
});

describe('a name that is no option is refused, with the name that was meant', () => {
  test.each([
    ['onretry', 'use onRetry'],
    ['sginal', 'use signal'],
    ['Clasify', 'use classify'],
    ['onAttemptt', 'use onAttempt'],
    ['abortSignal', 'use signal'],
    ['onFailedAttempt', 'use onAttempt'],
    ['shouldRetry', 'use classify'],
    ['timeout', 'use attemptTimeoutMs, in the policy'],
    ['retries', 'use maxRetries, in the policy'],
    ['retryDelay', 'use baseDelayMs, in the policy'],
    ['maxAttempts', 'use maxRetries, one less, in the policy'],
    ['maxRetries', 'use maxRetries, in the policy'],
    ['maxRetrys', 'use maxRetries, in the policy'],
    ['retryStatuses', 'use retryStatuses, in the policy'],
    ['idempotent', 'use idempotent, in the options of retryFetch'],
    ['toString', `unknown name; the names are ${all}`],
    ['constructor', `unknown name; the names are ${all}`],
    ['colour', `unknown name; the names are ${all}`],
  ])('%s: %s', async (name, meant) => {
    // Whatever its value is.
    await expectRefusal({ [name]: undefined }, `${name}: got undefined; ${meant}`);
    await expectRefusal({ [name]: 3 }, `${name}: got 3; ${meant}`);
  });

  test('__proto__ too, as JSON would make it', async () => {
    const options: unknown = JSON.parse('{"__proto__": 1}');
    await expectRefusal(options, `__proto__: got 1; unknown name; the names are ${all}`);
  });

  test('also by retryFetch, which has two options more', () => {
    expectRefusalOfFetch({ idempotnet: true }, 'idempotnet: got true; use idempotent');
    expectRefusalOfFetch({ retries: 3 }, 'retries: got 3; use maxRetries, in the policy');
    expectRefusalOfFetch(
      { colour: 1 },
      `colour: got 1; unknown name; the names are ${all}, fetch, idempotent`,
    );
  });
});

const inherited = (options: object): RetryOptions => Object.create(options) as RetryOptions;

describe('options', () => {
  test.each<[unknown, string]>([
    [AbortSignal.abort(), 'object'],
    [[], '[]'],
    [new Map(), 'object'],
    [Promise.resolve({}), 'object'],
    [5, '5'],
    ['log', '"log"'],
    [true, 'true'],
  ])('are a plain object: %o would never be heard', async (options, shown) => {
    const message = `options: got ${shown}; expected a plain object, such as { signal }`;
    await expectRefusal(options, message);
    expectRefusalOfFetch(options, message);
  });

  test('are no function, but for withRetry', async () => {
    const wrong = (() => ({})) as unknown as RetryOptions;
    await expect(retry(() => 1, {}, wrong)).rejects.toThrow('options: got function; ');
    expect(
      await withRetry(
        () => 1,
        {},
        () => ({}),
      )(),
    ).toBe(1);
    expect(
      await withRetry(
        () => 1,
        {},
        () => undefined,
      )(),
    ).toBe(1);
  });

  test('may come from anywhere', async () => {
    expect(await retry(() => 'ran', {}, Object.create(null) as RetryOptions)).toBe('ran');
    expect(await retry(() => 'ran', {}, vm.runInNewContext('({})') as RetryOptions)).toBe('ran');
    class Settings {
      readonly name = 'mail';
    }
    expect(await retry(() => 'ran', {}, new Settings() as RetryOptions)).toBe('ran');
  });

  test('may be inherited, and what is wrong with them is refused all the same', async () => {
    expect(await retry(() => 1, {}, inherited({ unref: true, colour: 1 }))).toBe(1);
    await expect(retry(() => 1, {}, inherited({ signal: new AbortController() }))).rejects.toThrow(
      'signal: got object; expected a signal, such as controller.signal',
    );
  });

  test('may hold a signal that is no AbortSignal, and a clock that is an instance', async () => {
    const signal = { aborted: false, addEventListener() {}, removeEventListener() {} };
    expect(await retry(() => 1, {}, { signal: signal as unknown as AbortSignal })).toBe(1);
    class Wall {
      now = (): number => 0;
      wallNow(): number {
        return 0;
      }
      setTimer(): () => void {
        return () => {};
      }
    }
    expect(await retry(() => 1, {}, { clock: new Wall() })).toBe(1);
  });

  test.each([undefined, null])('may all be %s', async (nothing) => {
    const names = all.split(', ');
    const options = Object.fromEntries(names.map((name) => [name, nothing])) as RetryOptions;
    let calls = 0;
    const operation = (): number => {
      if (++calls < 3) throw new Error('boom');
      return calls;
    };
    expect(await retry(operation, { baseDelayMs: 0 }, options)).toBe(3);
    expect(await withRetry(operation, {}, options)()).toBe(4);
    const fetch = retryFetch({}, { ...options, fetch: nothing, idempotent: nothing });
    expect((await fetch('data:,x')).status).toBe(200);
  });

  test('of each name are the ones the types have', async () => {
    const each = {
      signal: new AbortController().signal,
      classify: () => undefined,
      classifyResult: () => undefined,
      policyFor: () => undefined,
      onAttempt: () => {},
      onRetry: () => {},
      onEnd: () => {},
      name: '',
      random: () => 0,
      clock: virtualClock(),
      unref: true,
    } satisfies { [Key in keyof Required<RetryOptions>]: RetryOptions[Key] };
    expect(await retry(() => 1, {}, each)).toBe(1);
  });
});

describe('an operation that is no function is refused', () => {
  test.each<[unknown, string]>([
    [Promise.resolve(1), 'object'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', '"text"'],
    [[() => 1], '[function]'],
  ])('%o', async (operation, shown) => {
    const refusal = new TypeError(`operation: got ${shown}; expected a function, such as () => …`);
    const policy = Object.freeze({ maxRetries: 1 });
    await expect(retry(operation as never, policy)).rejects.toEqual(refusal);
    // The last policy is known by now.
    expect(await retry(() => 1, policy)).toBe(1);
    await expect(retry(operation as never, policy)).rejects.toEqual(refusal);
    await expect(retry(operation as never, policy, {})).rejects.toEqual(refusal);
    expect(() => withRetry(operation as never)).toThrow(refusal);
  });
});
