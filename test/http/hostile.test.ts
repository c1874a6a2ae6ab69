import { expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';
import { definePolicy } from '../../src/index.js';
import { judge } from '../../src/internal.js';
import { badErrors } from './error-fuzz.js';

test('a thousand hostile errors are judged without a throw, in a bounded number of reads', () => {
  expect(badErrors(1000, 2026)).toEqual([]);
});

test('of ten thousand causes and of a hundred thousand parts a bounded number is read', () => {
  let reads = 0;
  let chain: object = {};
  for (let i = 0; i < 10_000; i++) {
    const cause = chain;
    chain = {
      get cause() {
        reads++;
        return cause;
      },
    };
  }
  const parts = Array.from({ length: 100_000 }, () => ({
    get name() {
      reads++;
      return 'Error';
    },
  }));
  for (const error of [chain, new AggregateError(parts)]) {
    classifyFailure(error);
    requestSent(error);
  }
  expect(reads).toBeLessThan(10_000);
  judge(chain, definePolicy({}), { wallNow: () => 0 });
  expect(reads).toBeLessThan(10_000);
});

test('long texts are searched in linear time', () => {
  const length = 30_000;
  const hostile = [
    'RetryInfo '.repeat(length),
    'RetryInfo" retryDelay'.repeat(length),
    `${'error in '.repeat(length)}x`,
    '.CFNetwork error -999'.repeat(length),
    `[${'x, '.repeat(length)}`,
  ];
  // Quadratic time would take minutes here, and the test ends after 30 s.
  for (const message of hostile) {
    for (const name of ['TypeError', 'TransactionCanceledException']) {
      const error = Object.assign(new Error(message), {
        name,
        status: 429,
        $metadata: {},
        responseBody: message,
      });
      expect(() => classifyFailure(error)).not.toThrow();
    }
  }
});
