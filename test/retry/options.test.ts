import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { retry, type RetryOptions, withRetry } from '../../src/index.js';

describe('the options of a call', () => {
  test('are refused before the first attempt if one of them is not known', async () => {
    let calls = 0;
    const operation = (): number => ++calls;
    for (const [name, told] of [
      ['onretry', 'no such key'],
      ['shouldRetry', 'use classify, in the third argument'],
      ['timeout', 'use attemptTimeoutMs'],
      ['retries', 'use maxRetries'],
      ['maxRetries', 'it belongs in the policy'],
      ['retryStatuses', 'it belongs in the policy'],
      ['toString', 'no such key'],
    ] as const) {
      const options = { [name]: undefined } as RetryOptions;
      const refusal = new TypeError(`retry has no option ${name}: ${told}`);
      await expect(retry(operation, {}, options)).rejects.toEqual(refusal);
      expect(() => withRetry(operation, {}, options)).toThrow(refusal);
      await expect(withRetry(operation, {}, () => options)()).rejects.toEqual(refusal);
    }
    expect(calls).toBe(0);
  });

  test('are a plain object: a signal by itself would never be heard', async () => {
    const refusal = new TypeError('The third argument is a plain object');
    for (const wrong of [AbortSignal.abort(), [], () => ({}), new Map(), Promise.resolve({}), 5]) {
      await expect(retry(() => 'ran', {}, wrong as RetryOptions)).rejects.toEqual(refusal);
    }
    expect(await retry(() => 'ran', {}, Object.create(null) as RetryOptions)).toBe('ran');
    expect(await retry(() => 'ran', {}, vm.runInNewContext('({})') as RetryOptions)).toBe('ran');
  });

  test('may all be undefined', async () => {
    const nothing = {
      signal: undefined,
      classify: undefined,
      classifyResult: undefined,
      policyFor: undefined,
      onAttempt: undefined,
      onRetry: undefined,
      name: undefined,
      onEnd: undefined,
      random: undefined,
      clock: undefined,
      unref: undefined,
    } satisfies { [Key in keyof Required<RetryOptions>]: undefined };
    let calls = 0;
    const operation = (): number => {
      if (++calls < 3) throw new Error('boom');
      return calls;
    };
    expect(await retry(operation, { baseDelayMs: 0 }, nothing)).toBe(3);
  });
});
