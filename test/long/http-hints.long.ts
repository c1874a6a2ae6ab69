import { expect, test } from 'vitest';
import { badHints } from '../http/header-fuzz.js';

test('a million random and mutated headers give a whole number or nothing, in a bounded number of reads', () => {
  expect(badHints(1_000_000, `headers ${process.env['PROPERTY_SEED']}`)).toEqual([]);
});
