import { expect, test } from 'vitest';
import { fitting } from '../../../src/queues/graphile-worker/fitting.js';

test('an error like any other passes unchanged', () => {
  for (const error of [new Error('no'), new TypeError('x'), Object.freeze(new Error('frozen'))]) {
    expect(fitting(error)).toBe(error);
  }
});

test('what is no error comes as the cause of one, with what it said', () => {
  for (const thrown of ['just a string', undefined, null, 7, { status: 503 }]) {
    const error = fitting(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe(thrown);
  }
  expect(fitting('just a string').message).toBe('just a string');
});

test('a text that Postgres refuses, and one without an end, are made fit', () => {
  expect(fitting(new Error('a\0b')).message).toBe('a\u2400b');
  expect(fitting(new Error('x'.repeat(1_000_000))).message.length).toBeLessThan(3_000);
});

test('an error that cannot be read is not read by anybody else', () => {
  const unreadable = new Proxy(new Error('hidden'), {
    get() {
      throw new Error('no reading here');
    },
  });
  const error = fitting(unreadable);
  expect(typeof error.message).toBe('string');
  expect(typeof error.stack).toBe('string');
});
