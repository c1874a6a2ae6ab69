import { expect, test } from 'vitest';
import { quoteIdentifier, quoteName } from '../../src/queues/identifier.js';

test('a name is quoted, with its schema if it has one', () => {
  expect(quoteName('jobs')).toBe('"jobs"');
  expect(quoteName('app.jobs')).toBe('"app"."jobs"');
  expect(quoteIdentifier('a.b')).toBe('"a.b"');
});

test.each([
  '',
  'a.',
  '.a',
  'a.b.c',
  'a\0b',
  'a\nb',
  'a\u007f',
  'a\uD800',
  'x'.repeat(64),
  'é'.repeat(32),
  7,
  undefined,
])('what is no name is refused: %j', (name) => {
  expect(() => quoteName(name as string)).toThrow(TypeError);
});

test('what is in a name stays in it', () => {
  expect(quoteName(`x"; drop table y; --`)).toBe(`"x""; drop table y; --"`);
});

test('the error calls a name what the caller calls it, and counts bytes', () => {
  expect(quoteIdentifier('é'.repeat(31))).toHaveLength(33);
  expect(() => quoteIdentifier('é'.repeat(32), 'table')).toThrow(/^table is at most 63 bytes long, got 64/);
  expect(() => quoteName(`${'x'.repeat(64)}.jobs`, 'table')).toThrow(/^The schema of table is at most 63/);
  expect(() => quoteName('a.b.c', 'table')).toThrow(/^table is 'name' or 'schema.name'/);
});
