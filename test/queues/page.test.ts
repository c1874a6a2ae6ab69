import { expect, test } from 'vitest';
import { ageOf, pageOf } from '../../src/queues/page.js';

test('a page is the first hundred letters, unless something else is asked for', () => {
  expect(pageOf()).toEqual({ limit: 100, offset: 0 });
  expect(pageOf(null)).toEqual({ limit: 100, offset: 0 });
  expect(pageOf({ limit: undefined, offset: 7 })).toEqual({ limit: 100, offset: 7 });
  expect(pageOf({ limit: null, offset: null })).toEqual({ limit: 100, offset: 0 });
  expect(pageOf({ limit: 0 })).toEqual({ limit: 0, offset: 0 });
});

test.each([NaN, -1, 0.5, Infinity, '10', 10n, {}])('no page begins or ends at %s', (value) => {
  const bad = value as number;
  expect(() => pageOf({ limit: bad })).toThrow(RangeError);
  expect(() => pageOf({ limit: bad })).toThrow(/^limit is a whole number >= 0, got /);
  expect(() => pageOf({ offset: bad })).toThrow(/^offset is a whole number >= 0, got /);
});

test('letters of any age are purged, unless an age is given', () => {
  expect(ageOf()).toBe(0);
  expect(ageOf(null)).toBe(0);
  expect(ageOf({ olderThanMs: undefined })).toBe(0);
  expect(ageOf({ olderThanMs: null })).toBe(0);
  expect(ageOf({ olderThanMs: 5 })).toBe(5);
});

test.each([NaN, -1, 0.5, Infinity, '10'])('no letter is %s ms old', (value) => {
  expect(() => ageOf({ olderThanMs: value as number })).toThrow(/^olderThanMs is a whole number >= 0, got /);
});

test('a misspelt age purges nothing', () => {
  expect(() => ageOf({ olderThan: 5 } as object)).toThrow('olderThan: got 5; use olderThanMs');
  expect(() => ageOf(5 as unknown as object)).toThrow(
    'options of purge: got 5; expected a plain object, such as { olderThanMs }',
  );
  expect(() => pageOf({ limti: 5 } as object)).toThrow('limti: got 5; use limit');
});
