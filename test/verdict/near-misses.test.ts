import { expect, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { serverNow } from '../../src/verdict/retry-after.js';
import { verdictOn } from './verdict-on.js';

test('an error with a list of errors is no AggregateError: its parts decide nothing', async () => {
  const invalid = Object.assign(new Error('two fields are wrong'), { errors: [permanent(new Error('no'))] });
  expect(await verdictOn(invalid)).toBe('retry');
  expect(await verdictOn(new AggregateError(invalid.errors))).toBe('stop');
});

test('a TypeError that only begins like a lost network is an error of programming', async () => {
  expect(await verdictOn(new TypeError('terminated'))).toBe('retry');
  expect(await verdictOn(new TypeError('terminated is not a function'))).toBe('stop');
});

test('an Age that is no number is left out', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
  expect(serverNow({ date, age: '60' }, 0)).toBe(Date.parse(date) + 60_000);
  expect(serverNow({ date, age: '60 s' }, 0)).toBe(Date.parse(date));
});
