import { describe, expect, test } from 'vitest';
import { definePolicy, policyFromEnv } from '../../src/index.js';
import { resolvePolicy } from '../../src/policy/define.js';

test.each<[string, object]>([
  ['a kind of backoff with something in front', { backoff: 'superlinear' }],
  ['the name of a jitter for a backoff', { backoff: 'full' }],
  ['the name of a jitter in a list', { jitter: ['full'] }],
  ['the name of an option with something in front', { mysignal: 1 }],
])('%s is refused as what it is', (_, spec) => {
  const refused = (): unknown => definePolicy(spec);
  expect(refused).toThrow(TypeError);
  expect(refused).toThrow(Object.keys(spec)[0]!);
  expect(refused).not.toThrow('in the options');
});

test('a base that a list has no use for may lie above the cap', () => {
  const listed = definePolicy({ backoff: [100], baseDelayMs: 400_000 });
  expect(listed.baseDelayMs).toBe(400_000);
  expect(definePolicy({ baseDelayMs: 500_000 }, listed).baseDelayMs).toBe(500_000);
});

test('a count in the environment may have many digits', () => {
  expect(policyFromEnv({ MAX_RETRIES: '120' }).maxRetries).toBe(120);
});

describe('what was checked once', () => {
  test('is not checked again: policies, and frozen specs', () => {
    const policy = definePolicy({ maxRetries: 3 });
    const frozen = Object.freeze({ maxRetries: 3 });
    const first = resolvePolicy(frozen);
    expect(resolvePolicy(policy)).toBe(policy);
    expect(resolvePolicy(frozen)).toBe(first);
  });

  test('is checked again where it may have changed', () => {
    const spec = { maxRetries: 3 };
    expect(resolvePolicy(spec).maxRetries).toBe(3);
    spec.maxRetries = 4;
    expect(resolvePolicy(spec).maxRetries).toBe(4);
  });
});
