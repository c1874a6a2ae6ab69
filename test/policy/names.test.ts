import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definePolicy, presets } from '../../src/index.js';
import { callOptions, fetchOptions, meantBy } from '../../src/policy/names.js';
import { faultsOf } from './faults.js';

const policyKeys = Object.keys(presets.default);
const callNames = Object.keys(callOptions);
const fetchNames = Object.keys(fetchOptions);

/** What is said about a name in a policy. */
function saidOf(name: string): string {
  // As JSON would make it: `__proto__` is a key like any other.
  const spec: unknown = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`);
  const [fault, ...others] = faultsOf(() => definePolicy(spec as object));
  expect(others).toEqual([]);
  return fault!.replace(`${name}: got 1; `, '');
}

const inOptions = ', in the options after the policy';

/** The names that other libraries have for the keys of a policy, by library. */
const foreignKeys: Record<string, readonly string[]> = {
  // p-retry, async-retry, retry: retries. axios-retry: retries. got, ky: limit. pg-boss: retryLimit. Polly counts retries as "attempts".
  maxRetries: [
    'retries',
    'limit',
    'retryLimit',
    'maxRetry',
    'max_retries',
    'MaxRetryAttempts',
    'retryAttempts',
    'retryCount',
    'numRetries',
    'maxNumberOfRetries',
    'max_times',
    'times',
    'maxRetrys',
    'maxRetires',
    'retry',
  ],
  // exponential-backoff, cockatiel, BullMQ, tenacity, stamina.
  'maxRetries, one less': [
    'maxAttempts',
    'attempts',
    'numOfAttempts',
    'attemptLimit',
    'maxTries',
    'maxTry',
    'tries',
    'stopAfterAttempts',
    'totalAttempts',
  ],
  'maxRetries: Infinity': ['forever', 'unlimited', 'retryForever'],
  baseDelayMs: [
    'minTimeout',
    'delay',
    'baseDelay',
    'initialDelay',
    'startingDelay',
    'retryDelay',
    'retry_delay',
    'default_retry_delay',
    'interval',
    'initialInterval',
    'minDelay',
    'minDelayMs',
    'wait',
    'waitInitial',
    'waitDuration',
    'countdown',
  ],
  maxDelayMs: [
    'maxTimeout',
    'maxDelay',
    'max_delay',
    'backoffLimit',
    'retryDelayMax',
    'maxInterval',
    'maxWait',
    'retry_backoff_max',
    'cap',
  ],
  factor: [
    'timeMultiple',
    'multiplier',
    'exponent',
    'expBase',
    'exp_base',
    'timeoutFactor',
    'backoffFactor',
    'scaleFactor',
  ],
  jitter: ['randomize', 'maxJitter', 'retry_jitter', 'useJitter', 'noise', 'jitterMs', 'randomizationFactor'],
  attemptTimeoutMs: [
    'timeout',
    'timeoutMs',
    'attemptTimeout',
    'perTryTimeout',
    'callTimeout',
    'requestTimeout',
    'expireInSeconds',
  ],
  maxElapsedMs: ['maxRetryTime', 'deadline', 'maxElapsedTime', 'totalTimeout', 'maxDuration', 'elapsed'],
  maxRetryAfterMs: ['maxRetryAfter', 'retryAfter', 'retryAfterMs', 'max_retry_after'],
  retryStatuses: [
    'statusCodes',
    'statuses',
    'status',
    'retryStatusCodes',
    'afterStatusCodes',
    'statusCodesToRetry',
    'retryableStatusCodes',
  ],
  backoff: [
    'backoffType',
    'retryBackoff',
    'strategy',
    'backoffStrategy',
    'exponentialBackoff',
    'exponential',
  ],
};

/** Their names for options of a call. */
const foreignOptions: Record<string, readonly string[]> = {
  classify: [
    'shouldRetry',
    'retryIf',
    'retryOn',
    'retryCondition',
    'shouldHandle',
    'handleError',
    'retryWhen',
    'retryableErrors',
    'retryPredicate',
    'calculateDelay',
    'delayGenerator',
    'errorCodes',
    'isRetryable',
    'autoretry_for',
    'shouldConsumeRetry',
    'retryOnTimeout',
    'retry_if',
  ],
  classifyResult: ['validateResponse', 'handleResult', 'retryOnResult', 'retryIfResult'],
  onAttempt: [
    'onFailedAttempt',
    'onError',
    'onFailure',
    'onFail',
    'afterAttempt',
    'notify',
    'onMaxRetryTimesExceeded',
    'onSuccess',
  ],
  onRetry: ['onretry', 'beforeRetry', 'before_sleep', 'on_retry'],
  signal: ['abortSignal', 'controller', 'abortController', 'cancelToken', 'abort'],
  unref: ['dangerouslyUnref'],
};

describe('a name of another library is told ours', () => {
  test.each(Object.entries(foreignKeys).flatMap(([ours, names]) => names.map((name) => [name, ours])))(
    '%s: use %s',
    (name, ours) => {
      expect(saidOf(name)).toBe(`use ${ours}`);
      expect(meantBy(name, callOptions)).toBe(`use ${ours}, in the policy`);
      expect(meantBy(name, fetchOptions)).toBe(`use ${ours}, in the policy`);
    },
  );

  test.each(Object.entries(foreignOptions).flatMap(([ours, names]) => names.map((name) => [name, ours])))(
    '%s: use %s',
    (name, ours) => {
      expect(saidOf(name)).toBe(`use ${ours}${inOptions}`);
      expect(meantBy(name, callOptions)).toBe(`use ${ours}`);
    },
  );

  test.each([
    ['delayFirstAttempt', 'wait before the call'],
    ['beforeAttempt', 'begin the operation with it'],
    ['before', 'begin the operation with it'],
  ])('%s: %s', (name, said) => {
    expect(saidOf(name)).toBe(said);
    expect(meantBy(name, callOptions)).toBe(said);
  });
});

describe('a name of ours in the wrong place is told the right one', () => {
  test.each(callNames)('%s in the policy', (name) => {
    expect(saidOf(name)).toBe(`use ${name}${inOptions}`);
  });

  test.each(['fetch', 'idempotent'])('%s belongs to retryFetch', (name) => {
    expect(saidOf(name)).toBe(`use ${name}, in the options of retryFetch`);
    expect(meantBy(name, callOptions)).toBe(`use ${name}, in the options of retryFetch`);
  });

  test.each(policyKeys)('%s in the options', (name) => {
    expect(meantBy(name, callOptions)).toBe(`use ${name}, in the policy`);
  });
});

describe('an unknown name is told all names', () => {
  test.each([
    'colour',
    'capacity',
    'country',
    'tryHard',
    'recap',
    'maximal',
    'mode',
    'retire',
    '__proto__',
    'toString',
    'constructor',
    '',
    '---',
    'x'.repeat(50),
  ])('%s', (name) => {
    expect(saidOf(name)).toBe(`unknown name; the names are ${policyKeys.join(', ')}`);
    expect(meantBy(name, callOptions)).toBe(`unknown name; the names are ${callNames.join(', ')}`);
    expect(meantBy(name, { limit: '', offset: '' })).toBe('unknown name; the names are limit, offset');
  });

  test('also where an option of a call means nothing', () => {
    expect(meantBy('onFailedAttempt', { timeoutMs: '' })).toBe(
      'use onAttempt, in the options after the policy',
    );
  });
});

/** Every word that one slip makes of a name. */
function* slipsOf(name: string, letter: string): Generator<string> {
  for (let i = 0; i < name.length; i++) {
    const before = name.slice(0, i);
    const [one, after] = [name[i]!, name.slice(i + 1)];
    yield before + after;
    yield before + one + one + after;
    yield before + letter + after;
    yield before + letter + one + after;
    yield before + after.slice(0, 1) + one + after.slice(1);
    yield before + (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase()) + after;
  }
  yield name.toUpperCase();
  yield name.toLowerCase();
  yield name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
  yield name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

const said = (name: string): string =>
  meantBy(name, { abcd: '', efghijkl: '', mnopqrstuvwx: '', yzyzyzyzyzyzyzyzyz: '' });

describe('a slip of the pen', () => {
  const letter = fc.constantFrom(
    ...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$äµ'),
  );
  const everyName = [...policyKeys, ...fetchNames];

  test.each(everyName)('in %s names it, in the policy and in the options', (name) => {
    fc.assert(
      fc.property(letter, (wrong) => {
        for (const slip of slipsOf(name, wrong)) {
          if (everyName.includes(slip)) continue;
          const place = policyKeys.includes(name)
            ? ''
            : callNames.includes(name)
              ? inOptions
              : ', in the options of retryFetch';
          expect([slip, saidOf(slip)]).toEqual([slip, `use ${name}${place}`]);
          const inPolicy = policyKeys.includes(name) ? ', in the policy' : '';
          expect([slip, meantBy(slip, fetchOptions)]).toEqual([slip, `use ${name}${inPolicy}`]);
        }
      }),
      { seed: 42, numRuns: 8 },
    );
  });

  test('in a name that only this place has names that', () => {
    const known = { olderThanMs: '', limit: '', queue: '' };
    for (const name of Object.keys(known))
      for (const slip of slipsOf(name, 'z')) expect(meantBy(slip, known)).toBe(`use ${name}`);
  });

  test('the unit may be left out', () => {
    expect(meantBy('delay', { delayMs: '' })).toBe('use delayMs');
    expect(meantBy('timeuot', { timeoutMs: '' })).toBe('use timeoutMs');
    expect(meantBy('delay', { limit: '' })).toBe('use baseDelayMs, in the policy');
  });

  test('counts the slips: one for four letters, three at the most', () => {
    const none = 'unknown name; the names are abcd, efghijkl, mnopqrstuvwx, yzyzyzyzyzyzyzyzyz';
    expect([said('abc'), said('ab'), said('bacd'), said('badc')]).toEqual([
      'use abcd',
      none,
      'use abcd',
      none,
    ]);
    expect([said('efghij'), said('efghi')]).toEqual(['use efghijkl', none]);
    expect([said('mnopqrstu'), said('mnopqrst')]).toEqual(['use mnopqrstuvwx', none]);
    expect([said('yzyzyzyzyzyzyzy'), said('yzyzyzyzyzyzyz')]).toEqual(['use yzyzyzyzyzyzyzyzyz', none]);
  });

  test('means the nearest name, and the first of two that are as near', () => {
    expect(meantBy('abcdefgh', { abcdefxx: '', abcdefgx: '', abcdefgy: '' })).toBe('use abcdefgx');
  });

  test('is looked for in the first 60 letters of a name', () => {
    expect(meantBy(`${'-'.repeat(60)}jitter`, callOptions)).toContain('unknown name');
    expect(meantBy(`${'-'.repeat(54)}jitter`, callOptions)).toBe('use jitter, in the policy');
  });
});
