import { expect, test } from 'vitest';
import { queueOptions } from '../../../src/queues/pg-boss/index.js';

test('a queue leaves all retrying to the policy, and expires after the attempt timeout and a while', () => {
  expect(queueOptions({ attemptTimeoutMs: 10_500 })).toEqual({
    retryLimit: 1_000_000,
    retryDelay: 0,
    retryBackoff: false,
    expireInSeconds: 11 + 30,
    heartbeatSeconds: 30,
  });
});

test('without a limit on the attempt the expiry is the longest pg-boss takes', () => {
  expect(queueOptions({})).toMatchObject({ expireInSeconds: 86_400 });
  expect(queueOptions({ attemptTimeoutMs: 86_370_000 })).toMatchObject({ expireInSeconds: 86_400 });
});

test('a longer attempt than pg-boss can wait for is refused', () => {
  expect(() => queueOptions({ attemptTimeoutMs: 86_370_001 })).toThrow(RangeError);
});

test('a dead letter queue is passed on', () => {
  expect(queueOptions({}, { deadLetter: 'mail-dead' }).deadLetter).toBe('mail-dead');
  expect(queueOptions({}, {})).not.toHaveProperty('deadLetter');
});

test('a wrong policy is refused', () => {
  expect(() => queueOptions({ maxRetries: -1 })).toThrow(/maxRetries/);
});

test('what is no option is refused', () => {
  expect(() => queueOptions({}, { deadletter: 'mail-dead' } as object)).toThrow(
    'deadletter: got "mail-dead"; use deadLetter',
  );
});
