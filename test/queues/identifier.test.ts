import { expect, test } from 'vitest';
import { quoteIdentifier, quoteName } from '../../src/queues/identifier.js';

test('a name is quoted, with its schema if it has one', () => {
  expect(quoteName('jobs')).toBe('"jobs"');
  expect(quoteName('app.jobs')).toBe('"app"."jobs"');
  expect(quoteIdentifier('a.b')).toBe('"a.b"');
});

test.each(['', 'a.', '.a', 'a.b.c', 'a\0b', 'x'.repeat(64), 'é'.repeat(32), 7, undefined])(
  'what is no name is refused: %j',
  (name) => {
    expect(() => quoteName(name as string)).toThrow(TypeError);
  },
);
