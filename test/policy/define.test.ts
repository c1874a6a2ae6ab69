import { describe, expect, test } from 'vitest';
import { definePolicy, type PolicySpec, presets, type RetryPolicy } from '../../src/index.js';
import { faultsOf, refusalOf } from './faults.js';

/** What JavaScript, or a cast, may pass. */
const define = (spec: unknown, base?: unknown): RetryPolicy =>
  definePolicy(spec as PolicySpec, base as PolicySpec | undefined);

const intervalOf = (jitter: PolicySpec['jitter']): unknown => definePolicy({ jitter }).jitter;

const count = 'expected a whole number >= 0, at most 2^53 - 1, or Infinity (null in JSON)';
const delay = 'expected whole milliseconds >= 0, at most 2^53 - 1';
const limit = `${delay}, or Infinity (null in JSON)`;
const time = 'expected whole milliseconds >= 1, at most 2^53 - 1, or Infinity (null in JSON)';
const kinds =
  'expected constant, linear, exponential, fibonacci, decorrelated, or a list of 1 to 1000 delays in ms';
const intervals =
  "expected 'none', 'full', 'equal', or a pair [lo, hi] with 0 <= lo <= hi and hi > 0, such as [0.5, 1]";
const statuses = "expected a list of at most 1000: 100 to 999, '4xx' or '5xx'";
const status = "expected 100 to 999, '4xx' or '5xx'";

describe('a policy', () => {
  test('is the default one where nothing is given, or undefined', () => {
    expect(definePolicy()).toEqual(presets.default);
    expect(definePolicy({})).toEqual(presets.default);
    const nothing = Object.fromEntries(Object.keys(presets.default).map((key) => [key, undefined]));
    expect(define(nothing)).toEqual(presets.default);
  });

  test('is what the spec says, over the base', () => {
    expect(definePolicy({ maxRetries: 8 })).toEqual({ ...presets.default, maxRetries: 8 });
    expect(definePolicy({ maxRetries: 8 }, presets.aggressive)).toEqual({
      ...presets.aggressive,
      maxRetries: 8,
    });
    expect(definePolicy({ factor: 3 }, { maxRetries: 8 })).toEqual({
      ...presets.default,
      maxRetries: 8,
      factor: 3,
    });
  });

  test('is frozen, and so are its lists; the lists of the spec stay as they are', () => {
    const backoff = [1, 2, 3];
    const retryStatuses = [429];
    const policy = definePolicy({ backoff, retryStatuses, jitter: 'full' });
    for (const part of [policy, policy.backoff, policy.retryStatuses, policy.jitter])
      expect(Object.isFrozen(part)).toBe(true);
    backoff.push(4);
    retryStatuses.push(503);
    expect(policy.backoff).toEqual([1, 2, 3]);
    expect(policy.retryStatuses).toEqual([429]);
  });

  test('of a list retries once per entry, without jitter, unless it says otherwise', () => {
    expect(definePolicy({ backoff: [1, 2] })).toMatchObject({ maxRetries: 2, jitter: [1, 1] });
    expect(define({ backoff: [1, 2], maxRetries: undefined, jitter: undefined })).toMatchObject({
      maxRetries: 2,
      jitter: [1, 1],
    });
    expect(definePolicy({ backoff: [1, 2], maxRetries: 5, jitter: 'full' })).toMatchObject({
      maxRetries: 5,
      jitter: [0, 1],
    });
    // As JSON writes "no limit": that is for `parsePolicy`.
    expect(faultsOf(() => define({ backoff: [1, 2], maxRetries: null, jitter: null }))).toEqual([
      `maxRetries: got null; ${count}`,
      `jitter: got null; ${intervals}`,
    ]);
  });

  test('holds an interval for each name of a jitter', () => {
    expect(intervalOf('none')).toEqual([1, 1]);
    expect(intervalOf('full')).toEqual([0, 1]);
    expect(intervalOf('equal')).toEqual([0.5, 1]);
    expect(intervalOf([0.2, 3])).toEqual([0.2, 3]);
  });

  test('may be without limit, on the five limits', () => {
    const unlimited = {
      maxRetries: Infinity,
      maxDelayMs: Infinity,
      attemptTimeoutMs: Infinity,
      maxElapsedMs: Infinity,
      maxRetryAfterMs: Infinity,
    };
    expect(definePolicy(unlimited)).toMatchObject(unlimited);
  });

  test('takes every limit at its smallest and its largest', () => {
    const smallest = {
      maxRetries: 0,
      baseDelayMs: 0,
      factor: 1,
      maxDelayMs: 0,
      attemptTimeoutMs: 1,
      maxElapsedMs: 0,
      maxRetryAfterMs: 0,
    };
    const most = Number.MAX_SAFE_INTEGER;
    const largest = {
      maxRetries: most,
      baseDelayMs: most,
      factor: Number.MAX_VALUE,
      maxDelayMs: most,
      attemptTimeoutMs: most,
      maxElapsedMs: most,
      maxRetryAfterMs: most,
    };
    expect(definePolicy(smallest)).toMatchObject(smallest);
    expect(definePolicy(largest)).toMatchObject(largest);
  });

  test('has no -0, which JSON has not either', () => {
    const policy = definePolicy({ baseDelayMs: -0, jitter: [-0, 1], maxRetries: -0 });
    expect(policy.baseDelayMs).toBe(0);
    expect(policy.jitter[0]).toBe(0);
    expect(policy.maxRetries).toBe(0);
    expect(definePolicy({ backoff: [-0] }).backoff[0]).toBe(0);
  });

  test('keeps fields that its kind of backoff does not use', () => {
    const spec = { backoff: 'constant', factor: 7 } as const;
    expect(definePolicy(spec)).toMatchObject(spec);
    expect(definePolicy({ backoff: 'decorrelated', jitter: 'equal' }).jitter).toEqual([0.5, 1]);
  });

  test('may retry no status at all', () => {
    expect(definePolicy({ retryStatuses: [] }).retryStatuses).toEqual([]);
    expect(definePolicy({ retryStatuses: [100, 999, '4xx', '5xx'] }).retryStatuses).toHaveLength(4);
  });
});

describe('a list of delays', () => {
  test('retries once per entry, without jitter', () => {
    expect(definePolicy({ backoff: [10, 20, 30] })).toMatchObject({ maxRetries: 3, jitter: [1, 1] });
    expect(definePolicy({ backoff: [10], maxRetries: undefined, jitter: undefined })).toMatchObject({
      maxRetries: 1,
      jitter: [1, 1],
    });
  });

  test('leaves both to a spec that says otherwise', () => {
    expect(definePolicy({ backoff: [10, 20], maxRetries: 9, jitter: 'full' })).toMatchObject({
      maxRetries: 9,
      jitter: [0, 1],
    });
  });

  test('of the base keeps what the base has', () => {
    const base = definePolicy({ backoff: [10, 20], maxRetries: 9, jitter: 'full' });
    expect(definePolicy({ maxElapsedMs: 5 }, base)).toEqual({ ...base, maxElapsedMs: 5 });
  });
});

describe('the cap', () => {
  test('may lie below the base delay where the spec itself gives it', () => {
    expect(definePolicy({ maxDelayMs: 1_000 })).toMatchObject({ baseDelayMs: 2_000, maxDelayMs: 1_000 });
    expect(definePolicy({ backoff: [5_000], maxDelayMs: 1_000 }).maxDelayMs).toBe(1_000);
  });

  test('must not be passed by a base delay, or by an entry of a list, where it is inherited', () => {
    expect(faultsOf(() => definePolicy({ baseDelayMs: 300_001 }))).toEqual([
      'baseDelayMs: got 300001; expected at most maxDelayMs, 300000 ms from presets.default; set maxDelayMs too',
    ]);
    expect(faultsOf(() => definePolicy({ backoff: [1, 400_000, 500_000] }, presets.conservative))).toEqual([
      'backoff[1]: got 400000; expected at most maxDelayMs, 300000 ms from presets.conservative; set maxDelayMs too',
      'backoff[2]: got 500000; expected at most maxDelayMs, 300000 ms from presets.conservative; set maxDelayMs too',
    ]);
    expect(faultsOf(() => definePolicy({ baseDelayMs: 2 }, definePolicy({ maxDelayMs: 1 })))).toEqual([
      'baseDelayMs: got 2; expected at most maxDelayMs, 1 ms from the base policy; set maxDelayMs too',
    ]);
    expect(definePolicy({ baseDelayMs: 300_000 }).baseDelayMs).toBe(300_000);
  });

  test('is no concern of a base delay that a list makes useless', () => {
    expect(definePolicy({ backoff: [1], baseDelayMs: 300_001 }).baseDelayMs).toBe(300_001);
  });

  test('may lie below the base delay of a base that gave both', () => {
    const base = definePolicy({ maxDelayMs: 1 });
    expect(definePolicy({ maxRetries: 1 }, base).maxDelayMs).toBe(1);
  });
});

describe('a wrong policy is refused', () => {
  test.each<[string, unknown, string]>([
    ['maxRetries', NaN, `got NaN; ${count}`],
    ['maxRetries', -1, `got -1; ${count}`],
    ['maxRetries', -Infinity, `got -Infinity; ${count}`],
    ['maxRetries', 1.5, `got 1.5; ${count}`],
    ['maxRetries', '3', `got "3"; ${count}`],
    ['maxRetries', null, `got null; ${count}`],
    ['maxRetries', true, `got true; ${count}`],
    ['maxRetries', Symbol('3'), `got Symbol(3); ${count}`],
    ['maxRetries', 2 ** 53, `got 9007199254740992; ${count}`],
    ['baseDelayMs', Infinity, `got Infinity; ${delay}`],
    ['baseDelayMs', 0.5, `got 0.5; ${delay}`],
    ['baseDelayMs', '400000', `got "400000"; ${delay}`],
    ['baseDelayMs', '2s', `got "2s"; ${delay}`],
    ['factor', 0.99, 'got 0.99; expected a number >= 1'],
    ['factor', NaN, 'got NaN; expected a number >= 1'],
    ['factor', Infinity, 'got Infinity; expected a number >= 1'],
    ['factor', '2', 'got "2"; expected a number >= 1'],
    ['maxDelayMs', -1, `got -1; ${limit}`],
    ['maxDelayMs', null, `got null; ${limit}`],
    ['maxDelayMs', Number.MAX_VALUE, `got 1.7976931348623157e+308; ${limit}`],
    ['attemptTimeoutMs', 0, `got 0; ${time}`],
    ['attemptTimeoutMs', null, `got null; ${time}`],
    ['maxElapsedMs', 1e-9, `got 1e-9; ${limit}`],
    ['maxElapsedMs', 'Infinity', `got "Infinity"; ${limit}`],
    ['maxRetryAfterMs', {}, `got object; ${limit}`],
  ])('%s: %o', (key, value, told) => {
    expect(faultsOf(() => define({ [key]: value }))).toEqual([`${key}: ${told}`]);
  });

  test.each<[unknown, string]>([
    ['Exponential', `got "Exponential"; ${kinds}; use 'exponential'`],
    ['exponental', `got "exponental"; ${kinds}; use 'exponential'`],
    ['fibonaci ', `got "fibonaci "; ${kinds}; use 'fibonacci'`],
    ['quadratic', `got "quadratic"; ${kinds}`],
    [500, `got 500; ${kinds}; use [500]`],
    [0.5, `got 0.5; ${kinds}`],
    [[], `got []; ${kinds}`],
    [Array(1001).fill(1), `got [${'1, '.repeat(19)}1…; ${kinds}`],
    [() => 5, `got function; ${kinds}`],
    [Symbol('linear'), `got Symbol(linear); ${kinds}`],
    [null, `got null; ${kinds}`],
  ])('backoff: %o', (backoff, told) => {
    expect(faultsOf(() => define({ backoff }))).toEqual([`backoff: ${told}`]);
  });

  test.each<[unknown, string]>([
    [['exponential'], `backoff[0]: got "exponential"; ${delay}`],
    [[1, Infinity], `backoff[1]: got Infinity; ${delay}`],
    [[1, '2'], `backoff[1]: got "2"; ${delay}`],
    // oxlint-disable-next-line no-sparse-arrays
    [[1, , 3], `backoff[1]: got undefined; ${delay}`],
  ])('backoff, an entry: %o', (backoff, told) => {
    expect(faultsOf(() => define({ backoff }))).toEqual([told]);
  });

  test.each<[unknown, string]>([
    [[1.25, 1], 'got [1.25, 1]'],
    [[0, 0], 'got [0, 0]'],
    [[-0.5, 1], 'got [-0.5, 1]'],
    [[0, NaN], 'got [0, NaN]'],
    [[0, Infinity], 'got [0, Infinity]'],
    [['0', '1'], 'got ["0", "1"]'],
    [[1], 'got [1]'],
    [[0, 1, 2], 'got [0, 1, 2]'],
    [Array.from({ length: 99 }, () => 1), `got [${'1, '.repeat(19)}1…`],
    [[[0], 1], 'got [object, 1]'],
    ['wide', 'got "wide"'],
    ['toString', 'got "toString"'],
    ['constructor', 'got "constructor"'],
    ['__proto__', 'got "__proto__"'],
    ['', 'got ""'],
    [0.25, 'got 0.25'],
    [true, 'got true'],
  ])('jitter: %j', (jitter, told) => {
    expect(faultsOf(() => define({ jitter }))).toEqual([`jitter: ${told}; ${intervals}`]);
  });

  test.each([
    ['FULL', 'full'],
    ['Equal', 'equal'],
    ['nome', 'none'],
    ['fulll', 'full'],
    ['eqaul', 'equal'],
  ])('jitter: %s means %s', (jitter, meant) => {
    expect(faultsOf(() => define({ jitter }))).toEqual([
      `jitter: got "${jitter}"; ${intervals}; use '${meant}'`,
    ]);
  });

  test.each<[unknown, string]>([
    [429, `retryStatuses: got 429; ${statuses}; use [429]`],
    ['5xx', `retryStatuses: got "5xx"; ${statuses}; use ["5xx"]`],
    ['4xx', `retryStatuses: got "4xx"; ${statuses}; use ["4xx"]`],
    [99, `retryStatuses: got 99; ${statuses}`],
    [null, `retryStatuses: got null; ${statuses}`],
    [{ 0: 429, length: 1 }, `retryStatuses: got object; ${statuses}`],
    [Array(1001).fill(503), `retryStatuses: got [${'503, '.repeat(11)}503…; ${statuses}`],
    [['6xx'], `retryStatuses[0]: got "6xx"; ${status}`],
    [[503, 99], `retryStatuses[1]: got 99; ${status}`],
    [[1000], `retryStatuses[0]: got 1000; ${status}`],
    [['503'], `retryStatuses[0]: got "503"; ${status}`],
    [[['4xx']], `retryStatuses[0]: got ["4xx"]; ${status}`],
    [[Symbol('4xx')], `retryStatuses[0]: got Symbol(4xx); ${status}`],
  ])('retryStatuses: %o', (retryStatuses, told) => {
    expect(faultsOf(() => define({ retryStatuses }))).toEqual([told]);
  });

  test.each<[unknown, string, string?]>([
    [null, 'null'],
    [[], '[]'],
    [[{ maxRetries: 3 }], '[object]'],
    [3, '3'],
    [0, '0', '{ maxRetries: 0 }'],
    [7, '7', '{ maxRetries: 7 }'],
    [Infinity, 'Infinity', '{ maxRetries: Infinity }'],
    [-1, '-1'],
    [0.5, '0.5'],
    ['aggressive', '"aggressive"', 'presets.aggressive'],
    ['conservative', '"conservative"', 'presets.conservative'],
    ['Interactive', '"Interactive"', 'presets.interactive'],
    ['defualt', '"defualt"', 'presets.default'],
    ['fast', '"fast"', 'presets.default'],
    [() => ({}), 'function'],
    [new AbortController().signal, 'object'],
    [new Map([['maxRetries', 3]]), 'object'],
    [Promise.resolve({ maxRetries: 3 }), 'object'],
    [new Error('boom'), 'object'],
  ])('%j instead of an object', (spec, shown, example = '{ maxRetries: 3 }') => {
    const told = [`policy: got ${shown}; expected a plain object, such as ${example}`];
    expect(faultsOf(() => define(spec))).toEqual(told);
    expect(faultsOf(() => define({}, spec))).toEqual(told);
  });

  test('with all that is wrong in it at once, in the message and as data', () => {
    const wrong = { maxRetries: -1, baseDelayMs: '2', jitter: [2, 1], retries: 3, backoff: [1, -2, 0.5] };
    expect(refusalOf(() => define(wrong)).faults).toEqual([
      { key: 'maxRetries', got: '-1', allowed: count },
      { key: 'baseDelayMs', got: '"2"', allowed: delay },
      { key: 'jitter', got: '[2, 1]', allowed: intervals },
      { key: 'retries', got: '3', allowed: 'use maxRetries' },
      { key: 'backoff[1]', got: '-2', allowed: delay },
      { key: 'backoff[2]', got: '0.5', allowed: delay },
    ]);
    expect(faultsOf(() => define(wrong))).toHaveLength(6);
  });

  test('with a long text cut short', () => {
    expect(faultsOf(() => define({ factor: 'x'.repeat(100) }))).toEqual([
      `factor: got "${'x'.repeat(58)}…; expected a number >= 1`,
    ]);
  });

  test('a wrong base as much as a wrong spec', () => {
    expect(faultsOf(() => define({}, { retries: 3 }))).toEqual(['retries: got 3; use maxRetries']);
  });
});

test('a getter of a spec is read once', () => {
  let reads = 0;
  const policy = definePolicy({
    get maxRetries() {
      return ++reads === 1 ? 1 : NaN;
    },
  });
  expect(policy.maxRetries).toBe(1);
  expect(reads).toBe(1);
});
