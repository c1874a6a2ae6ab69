import { describe, expect, test } from 'vitest';
import { definePolicy, presets } from '../../src/index.js';
import { assertSchedule, checkSchedule, laws } from '../../src/testing/index.js';

const delay = (): number => 100;

/** Values that JavaScript programs pass by mistake, with words that their message must have. */
const wrongSubjects: readonly [string, unknown, RegExp][] = [
  ['a function', delay, /got function; .*\{ delay: fn \}/],
  ['undefined', undefined, /got undefined; .*\{ delay: fn \}/],
  ['null', null, /got null; .*\{ delay: fn \}/],
  ['a number', 100, /got 100; .*\{ delay: fn \}/],
  ['the name of a preset', 'aggressive', /got "aggressive"; .*\{ delay: fn \}.*presets\.aggressive/],
  ['another string', 'toString', /got "toString"; expected \{ delay: fn \} or a policy$/],
  ['a promise', Promise.resolve(presets.default), /a promise; .*\{ delay: fn \}.*await it/],
  // oxlint-disable-next-line unicorn/no-thenable -- what query builders are
  ['a thenable', { then: () => {} }, /a promise; .*\{ delay: fn \}.*await it/],
  ['a list of delays', [100, 200], /a list; .*\{ delay: fn \}.*definePolicy/],
  ['a date', new Date(), /\{ delay: fn \}/],
  ['a map', new Map([['maxRetries', 3]]), /\{ delay: fn \}/],
  ['a policy with a wrong key', { ...presets.default, maxRetrys: 3 }, /\{ delay: fn \}.*maxRetrys/s],
  ['a policy with a wrong value', { ...presets.default, factor: -1 }, /\{ delay: fn \}.*factor: got -1/s],
  ['a subject without delay', { capMs: 1_000, jittered: true }, /\{ delay: fn \}.*capMs/s],
  ['a delay that is not a function', { delay: 100 }, /subject\.delay: got 100; .*\(retry, random\) => ms/],
  ['a cap of null', { delay, capMs: null }, /subject\.capMs: got null; expected milliseconds/],
  ['a cap of NaN', { delay, capMs: NaN }, /subject\.capMs: got NaN/],
  ['a base as text', { delay, baseMs: '100ms' }, /subject\.baseMs: got "100ms"/],
  ['jittered as text', { delay, jittered: 'full' }, /subject\.jittered: got "full"; expected true or false/],
  ['negative retries', { delay, maxRetries: -1 }, /subject\.maxRetries: got -1/],
  ['a range that is not a function', { delay, range: [0, 100] }, /subject\.range: got \[0, 100\]; .*minMs/],
];

describe.each(wrongSubjects)('%s', (_, subject, message) => {
  test.each([
    ['assertSchedule', assertSchedule],
    ['checkSchedule', checkSchedule],
    ['laws.finite', laws.finite],
  ])('is a TypeError of %s that says what to pass', (__, check) => {
    const run = (): unknown => (check as (subject: unknown) => unknown)(subject);
    expect(run).toThrow(TypeError);
    expect(run).toThrow(message);
  });
});

test('fields that are undefined count as left out', () => {
  const subject = { delay, capMs: undefined, baseMs: undefined, jittered: undefined };
  expect(checkSchedule(subject).ok).toBe(true);
});

test('no cap and no limit on retries may be written as Infinity', () => {
  expect(checkSchedule({ delay, capMs: Infinity, maxRetries: Infinity }).ok).toBe(true);
});

test('a policy that is written out is a subject, frozen or not', () => {
  assertSchedule(definePolicy({ maxRetries: 3 }));
  assertSchedule({ ...presets.default });
});

test('a subject may be an instance of a class', () => {
  class Formula {
    readonly capMs = 1_000;
    delay(): number {
      return this.capMs;
    }
  }
  assertSchedule(new Formula());
});

test('an unknown law is a TypeError that lists the laws', () => {
  const names = ['within_cap'] as unknown as [];
  expect(() => checkSchedule(presets.default, { laws: names })).toThrow(TypeError);
  expect(() => checkSchedule(presets.default, { laws: names })).toThrow(
    /laws: got "within_cap"; .*within-cap/,
  );
});

test('wrong retries are a RangeError that shows them', () => {
  expect(() => checkSchedule(presets.default, { retries: [2, 1] })).toThrow(
    /retries: got \[2, 1\]; expected rising/,
  );
});
