import { describe, expect, test } from 'vitest';
import { definePolicy, policyFromEnv, presets } from '../../src/index.js';
import { faultsOf } from './faults.js';

const count = 'expected a whole number, or unlimited';
const names = 'expected one of default, aggressive, conservative, interactive';
const seconds = 'expected seconds (2, 2.5), or 500ms, 2s, 5m, 1h';

describe('a policy from the environment', () => {
  test('is the default one where nothing is set, or is set to nothing', () => {
    expect(policyFromEnv({})).toEqual(presets.default);
    expect(
      policyFromEnv({ MAX_RETRIES: '', RETRY_BASE_DELAY: '  ', RETRY_POLICY: '', JOB_TIMEOUT: undefined }),
    ).toEqual(presets.default);
  });

  test('reads every variable', () => {
    expect(
      policyFromEnv({
        MAX_RETRIES: '8',
        RETRY_BASE_DELAY: '2.5',
        RETRY_MAX_DELAY: '10m',
        JOB_TIMEOUT: '1h',
      }),
    ).toEqual(
      definePolicy({
        maxRetries: 8,
        baseDelayMs: 2_500,
        maxDelayMs: 600_000,
        attemptTimeoutMs: 3_600_000,
      }),
    );
  });

  test.each([
    ['2', 2_000],
    ['2.5', 2_500],
    ['0', 0],
    ['1.1', 1_100],
    ['4.35', 4_350],
    ['500ms', 500],
    ['2s', 2_000],
    ['5m', 300_000],
    ['0.05h', 180_000],
    [' 3s ', 3_000],
  ])('reads "%s" as %i ms', (text, ms) => {
    expect(policyFromEnv({ RETRY_BASE_DELAY: text }).baseDelayMs).toBe(ms);
  });

  test('reads unlimited where a limit may be lifted', () => {
    const text = 'unlimited';
    expect(policyFromEnv({ MAX_RETRIES: text, RETRY_MAX_DELAY: text, JOB_TIMEOUT: text })).toMatchObject({
      maxRetries: Infinity,
      maxDelayMs: Infinity,
      attemptTimeoutMs: Infinity,
    });
    expect(faultsOf(() => policyFromEnv({ RETRY_BASE_DELAY: text }))).toEqual([
      `RETRY_BASE_DELAY: got "unlimited"; ${seconds}`,
    ]);
  });

  test('starts from the preset it names, which wins over the base', () => {
    expect(policyFromEnv({ RETRY_POLICY: 'aggressive' })).toEqual(presets.aggressive);
    expect(policyFromEnv({ RETRY_POLICY: 'conservative' }, { base: presets.aggressive })).toEqual(
      presets.conservative,
    );
    expect(policyFromEnv({ RETRY_POLICY: 'aggressive', MAX_RETRIES: '2' })).toEqual(
      definePolicy({ maxRetries: 2 }, presets.aggressive),
    );
  });

  test('takes from the base what it leaves open', () => {
    const base = { maxRetries: 7, maxElapsedMs: 9 };
    expect(policyFromEnv({ RETRY_BASE_DELAY: '1' }, { base })).toEqual(
      definePolicy({ ...base, baseDelayMs: 1_000 }),
    );
  });

  test('puts the prefix in front of every name verbatim', () => {
    const env = {
      MAX_RETRIES: '1',
      MAIL_MAX_RETRIES: '2',
      MAIL_RETRY_POLICY: 'aggressive',
      mail9JOB_TIMEOUT: '3',
    };
    expect(policyFromEnv(env, { prefix: 'MAIL_' })).toEqual(
      definePolicy({ maxRetries: 2 }, presets.aggressive),
    );
    expect(policyFromEnv(env, { prefix: 'mail9' })).toEqual(definePolicy({ attemptTimeoutMs: 3_000 }));
  });

  test('reads nothing but the object it is given', () => {
    process.env['MAX_RETRIES'] = '9';
    try {
      expect(policyFromEnv({}).maxRetries).toBe(5);
    } finally {
      delete process.env['MAX_RETRIES'];
    }
  });
});

describe('a bad value is refused', () => {
  test.each([
    ['MAX_RETRIES', '3.5', count],
    ['MAX_RETRIES', '-1', count],
    ['MAX_RETRIES', '1e3', count],
    ['MAX_RETRIES', 'Infinity', count],
    ['RETRY_BASE_DELAY', '2 s', seconds],
    ['RETRY_BASE_DELAY', '2d', seconds],
    ['RETRY_BASE_DELAY', '.5', seconds],
    ['RETRY_BASE_DELAY', '-2', seconds],
    ['RETRY_BASE_DELAY', '0.0005', seconds],
    ['RETRY_BASE_DELAY', '0.5ms', seconds],
    ['RETRY_MAX_DELAY', 'never', `${seconds}, unlimited`],
    ['JOB_TIMEOUT', '2S', `${seconds}, unlimited, at least 1ms`],
    ['MAX_RETRIES', '9007199254740992', count],
    ['RETRY_MAX_DELAY', '9007199254741', `${seconds}, unlimited`],
    ['RETRY_POLICY', 'Aggressive', `${names}; use aggressive`],
    ['RETRY_POLICY', 'interctive', `${names}; use interactive`],
    ['RETRY_POLICY', 'toString', names],
  ])('%s=%s', (name, text, allowed) => {
    expect(faultsOf(() => policyFromEnv({ [name]: text }))).toEqual([
      `${name}: got ${JSON.stringify(text)}; ${allowed}`,
    ]);
  });

  test('with all others, and what can be read but not obeyed, in the words of the environment', () => {
    const env = { A_MAX_RETRIES: 'x', A_RETRY_BASE_DELAY: '10m', A_JOB_TIMEOUT: '0', A_RETRY_POLICY: 'y' };
    expect(faultsOf(() => policyFromEnv(env, { prefix: 'A_' }))).toEqual([
      'A_RETRY_POLICY: got "y"; expected one of default, aggressive, conservative, interactive',
      'A_MAX_RETRIES: got "x"; expected a whole number, or unlimited',
      `A_JOB_TIMEOUT: got "0"; ${seconds}, unlimited, at least 1ms`,
      'A_RETRY_BASE_DELAY: got "10m"; expected at most A_RETRY_MAX_DELAY, 300000 ms from presets.default; set A_RETRY_MAX_DELAY too',
    ]);
  });

  test('but not what is wrong with the base: that is told as it is', () => {
    expect(faultsOf(() => policyFromEnv({ JOB_TIMEOUT: '0' }, { base: { maxRetries: -1 } }))).toEqual([
      'maxRetries: got -1; expected a whole number >= 0, at most 2^53 - 1, or Infinity (null in JSON)',
    ]);
  });

  test.each([1, 2])('an error of the base itself passes through, whenever it is read (%i)', (when) => {
    const broken = new Error('broken');
    let reads = 0;
    const base = {
      get maxRetries(): number {
        if (++reads === when) throw broken;
        return 1;
      },
    };
    expect(() => policyFromEnv({}, { base })).toThrow(broken);
  });
});

describe('what is no environment, and no option, is refused', () => {
  test.each<[unknown, string]>([
    ['MAIL_', 'options: got "MAIL_"; expected a plain object, such as { prefix: \'MAIL_\' }'],
    [null, "options: got null; expected a plain object, such as { prefix: 'MAIL_' }"],
    [['MAIL_'], 'options: got ["MAIL_"]; expected a plain object, such as { prefix: \'MAIL_\' }'],
    [{ prefx: 'MAIL_' }, 'prefx: got "MAIL_"; use prefix'],
    [{ Prefix: 'MAIL_' }, 'Prefix: got "MAIL_"; use prefix'],
    [{ bsae: {} }, 'bsae: got object; use base'],
    [{ prefix: 5 }, 'prefix: got 5; expected a string'],
    [{ maxRetries: 3 }, 'maxRetries: got 3; use maxRetries, in the policy'],
    [{ colour: 3 }, 'colour: got 3; unknown name; the names are prefix, base'],
  ])('%j', (options, message) => {
    expect(() => policyFromEnv({ MAIL_MAX_RETRIES: '9' }, options as object)).toThrow(new TypeError(message));
  });

  test.each([undefined, null, 'MAX_RETRIES=3', 3])('%j is no environment', (env) => {
    expect(faultsOf(() => policyFromEnv(env as never))).toEqual([
      `env: got ${JSON.stringify(env)}; expected an object, such as process.env`,
    ]);
  });

  test('null and undefined are not given', () => {
    const nothing = { prefix: null, base: undefined } as object;
    expect(policyFromEnv({ MAX_RETRIES: '9' }, nothing).maxRetries).toBe(9);
    expect(policyFromEnv({ MAX_RETRIES: null, JOB_TIMEOUT: undefined } as never)).toEqual(presets.default);
    expect(policyFromEnv({}, { prefix: undefined, base: null } as object)).toEqual(presets.default);
  });

  test('a number is read as its text', () => {
    expect(policyFromEnv({ MAX_RETRIES: 9 } as never).maxRetries).toBe(9);
    expect(faultsOf(() => policyFromEnv({ MAX_RETRIES: {} } as never))).toEqual([
      `MAX_RETRIES: got "[object Object]"; ${count}`,
    ]);
  });

  test('RETRY_POLICY=interactive is one of the presets', () => {
    expect(policyFromEnv({ RETRY_POLICY: 'interactive' })).toEqual(presets.interactive);
    expect(faultsOf(() => policyFromEnv({ RETRY_POLICY: 'interactive', RETRY_BASE_DELAY: '3' }))).toEqual([
      'RETRY_BASE_DELAY: got "3"; expected at most RETRY_MAX_DELAY, 2000 ms from presets.interactive; set RETRY_MAX_DELAY too',
    ]);
  });
});
