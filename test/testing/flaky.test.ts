import { describe, expect, test } from 'vitest';
import { flaky } from '../../src/testing/index.js';

/** What so many calls come to. */
async function results(operation: () => Promise<unknown>, calls: number): Promise<unknown[]> {
  const settled = [];
  for (let call = 0; call < calls; call++) settled.push(await operation().catch((error: unknown) => error));
  return settled;
}

/** Which of a thousand calls fail. */
async function failures(rate: number, seed?: number): Promise<number[]> {
  const all = await results(flaky({ rate, seed, value: 'ok' }), 1_000);
  return all.flatMap((result, call) => (result === 'ok' ? [] : [call]));
}

test('fails the first so many times, then gives the value, and counts', async () => {
  const operation = flaky({ failTimes: 2, value: 'ok' });
  expect(await results(operation, 4)).toEqual([
    new Error('flaky: call 1 failed'),
    new Error('flaky: call 2 failed'),
    'ok',
    'ok',
  ]);
  expect([operation.calls, operation.failures]).toEqual([4, 2]);
});

test('without options it never fails', async () => {
  expect(await results(flaky(), 2)).toEqual([undefined, undefined]);
});

test('throws the error it is given, or what a function makes for the call', async () => {
  const error = { status: 503 };
  expect((await results(flaky({ failTimes: 1, error }), 1))[0]).toBe(error);
  expect(await results(flaky({ failTimes: 2, error: (call: number) => `no ${call}` }), 2)).toEqual([
    'no 1',
    'no 2',
  ]);
});

test('fails at a rate, at places fixed by the seed', async () => {
  expect(await failures(0.25, 1)).toEqual(await failures(0.25, 1));
  expect(await failures(0.25, 1)).not.toEqual(await failures(0.25, 2));
  expect((await failures(0.25)).length).toBeGreaterThan(150);
  expect((await failures(0.25)).length).toBeLessThan(350);
  expect(await failures(0)).toEqual([]);
  expect(await failures(1)).toHaveLength(1_000);
});

describe('refuses', () => {
  test.each([
    ['both failTimes and rate', { failTimes: 1, rate: 0.5 }],
    ['a negative failTimes', { failTimes: -1 }],
    ['failTimes NaN', { failTimes: NaN }],
    ['a rate above 1', { rate: 1.1 }],
    ['a rate of NaN', { rate: NaN }],
  ])('%s', (_, options) => {
    expect(() => flaky(options)).toThrow(RangeError);
  });
});
