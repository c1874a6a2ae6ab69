import { expect, test } from 'vitest';
import { task, taskSpec } from '../../../src/queues/graphile-worker/index.js';

test('a job has as many attempts as graphile-worker has room for', () => {
  expect(taskSpec({ maxRetries: 3 })).toEqual({ maxAttempts: 32_767 });
  expect(taskSpec({ maxRetries: Infinity })).toEqual({ maxAttempts: 32_767 });
});

test('more retries than there is room for are refused, by the task as well', () => {
  expect(() => taskSpec({ maxRetries: 32_766 })).toThrow(/maxRetries is 32766, .* room for 32765/);
  expect(() => task({ maxRetries: 32_766 }, () => undefined)).toThrow(RangeError);
  expect(taskSpec({ maxRetries: 32_765 })).toEqual({ maxAttempts: 32_767 });
});

test('a wrong policy and a wrong name are refused before anything runs', () => {
  expect(() => task({ baseDelayMs: -1 }, () => undefined)).toThrow(/baseDelayMs/);
  expect(() => task({}, () => undefined, { dead: 'a.b.c' })).toThrow(TypeError);
});
