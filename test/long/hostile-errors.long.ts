import { expect, test } from 'vitest';
import { badErrors } from '../http/error-fuzz.js';

test('a hundred thousand hostile errors are judged without a throw, in a bounded number of reads', () => {
  expect(badErrors(100_000, `errors ${process.env['PROPERTY_SEED']}`)).toEqual([]);
});
