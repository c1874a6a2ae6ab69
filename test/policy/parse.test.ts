import { describe, expect, test } from 'vitest';
import { definePolicy, parsePolicy, presets, type RetryPolicy } from '../../src/index.js';
import { faultsOf } from './faults.js';

const throughJson = (policy: RetryPolicy): Record<string, unknown> =>
  JSON.parse(JSON.stringify(policy)) as Record<string, unknown>;

describe('a policy that went through JSON', () => {
  test.each(Object.entries(presets))('comes back: %s', (_, preset) => {
    expect(parsePolicy(throughJson(preset))).toEqual(preset);
  });

  test('comes back with every limit lifted, with a list, and frozen', () => {
    const policy = definePolicy({
      maxRetries: Infinity,
      maxDelayMs: Infinity,
      maxRetryAfterMs: Infinity,
      backoff: [1, 2, 4],
      jitter: [0.1, 3],
      retryStatuses: ['4xx', 503],
    });
    const back = parsePolicy(throughJson(policy));
    expect(back).toEqual(policy);
    expect([back, back.backoff, back.jitter, back.retryStatuses].every(Object.isFrozen)).toBe(true);
  });

  test('keeps a cap below its base delay', () => {
    const policy = definePolicy({ maxDelayMs: 1 });
    expect(parsePolicy(throughJson(policy))).toEqual(policy);
  });
});

const all = Object.keys(presets.default).join(', ');

describe('what is no whole policy is refused', () => {
  test('every key that is missing is told', () => {
    expect(faultsOf(() => parsePolicy({}))).toEqual([
      `policy: got no ${all}; expected every key, null for no limit`,
    ]);
    const { factor: _, ...rest } = throughJson(presets.default);
    expect(faultsOf(() => parsePolicy(rest))).toEqual([
      'policy: got no factor; expected every key, null for no limit',
    ]);
  });

  test('a list does not stand for the number of retries, nor for the jitter', () => {
    const { maxRetries: _, jitter: __, ...rest } = throughJson(definePolicy({ backoff: [1, 2] }));
    expect(faultsOf(() => parsePolicy(rest))).toEqual([
      'policy: got no maxRetries, jitter; expected every key, null for no limit',
    ]);
  });

  test('what is missing comes before what is wrong', () => {
    const { jitter: _, ...rest } = throughJson(presets.default);
    expect(
      faultsOf(() => parsePolicy({ ...rest, gitter: 'none', factor: 0, maxElapsedMs: 'Infinity' })),
    ).toEqual([
      'policy: got no jitter; expected every key, null for no limit',
      'factor: got 0; expected a number >= 1',
      'maxElapsedMs: got "Infinity"; expected whole milliseconds >= 0, at most 2^53 - 1, or Infinity (null in JSON)',
      'gitter: got "none"; use jitter',
    ]);
  });

  test('undefined is missing', () => {
    expect(faultsOf(() => parsePolicy({ ...presets.default, backoff: undefined }))).toEqual([
      'policy: got no backoff; expected every key, null for no limit',
    ]);
  });

  test('null means no limit on the five limits only', () => {
    const nulls = Object.fromEntries(Object.keys(presets.default).map((key) => [key, null]));
    expect(faultsOf(() => parsePolicy(nulls)).map((line) => line.split(':')[0])).toEqual([
      'backoff',
      'baseDelayMs',
      'factor',
      'jitter',
      'retryStatuses',
    ]);
  });

  test('unknown keys are told, those of the prototype of objects too', () => {
    const policy = throughJson(presets.default);
    expect(faultsOf(() => parsePolicy({ ...policy, retries: 3, constructor: 1 }))).toEqual([
      'retries: got 3; use maxRetries',
      `constructor: got 1; unknown name; the names are ${all}`,
    ]);
    const poisoned: unknown = JSON.parse(`{ "__proto__": 1, ${JSON.stringify(policy).slice(1)}`);
    expect(faultsOf(() => parsePolicy(poisoned))).toEqual([
      `__proto__: got 1; unknown name; the names are ${all}`,
    ]);
  });

  test('fields that are inherited do not count', () => {
    expect(faultsOf(() => parsePolicy(Object.create(presets.default)))).toEqual([
      `policy: got no ${all}; expected every key, null for no limit`,
    ]);
  });

  test.each([undefined, null, 'default', 5, [], [presets.default], true])('%j', (value) => {
    expect(faultsOf(() => parsePolicy(value))).toHaveLength(1);
  });
});
