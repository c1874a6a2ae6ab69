import { expect, test } from 'vitest';
import { readRetryHint } from '../../src/http/hints.js';
import { headerCases } from '../vectors/load.js';

test.each(headerCases)('$name: $why', ({ headers, now, expectMs }) => {
  expect(readRetryHint(headers, Date.parse(now)) ?? null).toBe(expectMs);
});
