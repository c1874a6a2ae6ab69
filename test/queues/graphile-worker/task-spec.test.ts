import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { deadLetters, recover, schema, task, taskSpec } from '../../../src/queues/graphile-worker/index.js';

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
  expect(() => task({}, undefined as never)).toThrow('handler: got undefined; expected a function');
});

test('what is no option, and no page, is refused before a statement is sent', async () => {
  const asked = { query: () => expect.fail('must not be asked') };
  const wrong = { histroy: 'x' } as object;
  expect(() => task({}, () => undefined, wrong)).toThrow('histroy: got "x"; use history');
  expect(() => schema(wrong)).toThrow('histroy: got "x"; use history');
  expect(() => deadLetters(asked, wrong)).toThrow('histroy: got "x"; use history');
  await expect(recover(asked, { events: new EventEmitter(), ...wrong })).rejects.toThrow(
    'histroy: got "x"; use history',
  );
  const letters = deadLetters(asked, { task: 'mail' });
  for (const page of [{ limit: -1 }, { limit: Infinity }, { offset: 0.5 }])
    await expect(letters.list(page)).rejects.toThrow(RangeError);
  await expect(letters.purge({ olderThan: 5 } as object)).rejects.toThrow(
    'olderThan: got 5; use olderThanMs',
  );
});
