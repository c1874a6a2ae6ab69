import { expect, test } from 'vitest';
import { classifyStatus, definePolicy, parsePolicy, presets } from '../../src/index.js';
import { refusalOf } from './faults.js';

/** As it comes from a file. */
const parse = (fields: object): unknown =>
  parsePolicy(JSON.parse(JSON.stringify({ ...presets.default, ...fields })));

test('lists of 1 000 entries are legal, and of 1 001 are not', () => {
  const statuses = Array.from({ length: 1_000 }, (_, i) => 100 + (i % 500));
  const policy = definePolicy({ retryStatuses: statuses, backoff: Array(1_000).fill(7) });
  expect(policy.retryStatuses).toEqual(statuses);
  expect(policy.backoff).toHaveLength(1_000);
  expect(policy.maxRetries).toBe(1_000);
  expect(classifyStatus(599, policy)).toBe('retry');
  for (const list of [{ retryStatuses: [...statuses, 503] }, { backoff: Array(1_001).fill(7) }]) {
    const { faults } = refusalOf(() => parse(list));
    expect(faults.map(({ key }) => key)).toEqual(Object.keys(list));
    expect(faults[0]!.allowed).toContain('1000');
  }
});

test('20 faults are named in the message and kept, and the rest is counted', () => {
  const { message, faults } = refusalOf(() => parse({ retryStatuses: Array(1_000).fill('x') }));
  expect(faults.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, (_, i) => `retryStatuses[${i}]`));
  expect(message.split('\n')).toEqual([
    'Not a retry policy:',
    ...faults.map(({ key, got, allowed }) => `  ${key}: got ${got}; ${allowed}`),
    '  and 980 more',
  ]);
  expect(message.length).toBeLessThan(4_000);
});

test.each([
  [20, undefined],
  [21, '  and 1 more'],
])('with %i faults the last line is %s', (count, last) => {
  const { message, faults } = refusalOf(() => parse({ backoff: Array(count).fill(-1) }));
  expect(faults).toHaveLength(20);
  expect(message.split('\n').at(21)).toBe(last);
});

test('the faults of all keys count together, and what is missing is one of them', () => {
  const { backoff: __, ...rest } = presets.default;
  const { message, faults } = refusalOf(() =>
    parsePolicy({ ...rest, retryStatuses: Array(15).fill(0), x1: 1, x2: 2, x3: 3, x4: 4, x5: 5, x6: 6 }),
  );
  expect(faults.map(({ key }) => key)).toEqual([
    'policy',
    ...Array.from({ length: 15 }, (_, i) => `retryStatuses[${i}]`),
    'x1',
    'x2',
    'x3',
    'x4',
  ]);
  expect(message).toMatch(/\n {2}and 2 more$/);
});

test('a million entries or 20 000 keys make a short message', () => {
  const entries = refusalOf(() => parse({ backoff: Array(1_000_000).fill(-1) }));
  expect(entries.faults).toHaveLength(1);
  expect(entries.message.length).toBeLessThan(400);
  const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i]));
  const many = refusalOf(() => parse(keys));
  expect(many.faults).toHaveLength(20);
  expect(many.message).toMatch(/and 19980 more$/);
  expect(many.message.length).toBeLessThan(8_000);
});

test('long keys and values are cut', () => {
  const long = 'ä'.repeat(3_000_000);
  const { message, faults } = refusalOf(() =>
    parse({ [long]: 1, factor: long, baseDelayMs: [long, long], maxRetries: { [long]: 1 }, jitter: long }),
  );
  expect(faults.map(({ key, got }) => [key, got])).toEqual([
    ['maxRetries', 'object'],
    ['baseDelayMs', `["${'ä'.repeat(57)}…`],
    ['factor', `"${'ä'.repeat(58)}…`],
    ['jitter', `"${'ä'.repeat(58)}…`],
    [`${'ä'.repeat(58)}…`, '1'],
  ]);
  expect(message.length).toBeLessThan(1_500);
  expect(refusalOf(() => parsePolicy(long)).message.length).toBeLessThan(200);
});

test('keys and values stay on their line', () => {
  const { message } = refusalOf(() => parse({ 'a\nb': 'c\nd', '"': 1 }));
  expect(
    message
      .split('\n')
      .slice(1)
      .map((line) => line.split(';')[0]),
  ).toEqual(['  a\\nb: got "c\\nd"', '  \\": got 1']);
});

const gotOf = (value: unknown): string =>
  refusalOf(() => definePolicy({ factor: value as number })).faults[0]!.got;

test('60 characters are shown whole', () => {
  expect(gotOf('x'.repeat(58))).toBe(`"${'x'.repeat(58)}"`);
  expect(gotOf('x'.repeat(59))).toBe(`"${'x'.repeat(58)}…`);
  expect(gotOf(Array(20).fill(7))).toBe(`[${Array(20).fill(7).join(', ')}]`);
  expect(gotOf(Array(21).fill(7))).toBe(`[${'7, '.repeat(19)}7…`);
  expect(gotOf(Symbol('x'.repeat(99)))).toBe(`Symbol(${'x'.repeat(52)}…`);
  expect(gotOf([[1], {}, null])).toBe('[object, object, null]');
});
