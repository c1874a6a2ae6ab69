import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definePolicy, delayFor, permanent, seeded } from '../../../src/index.js';
import { jobOptions, workerOptions } from '../../../src/queues/bullmq/index.js';
import { arbitraryPolicy } from '../../../src/testing/fast-check.js';

const strategy = (spec: object) => workerOptions(spec).settings.backoffStrategy;

describe('the strategy for sandboxed processors', () => {
  test('gives the delays of the policy, with the job’s own draws', () => {
    const policy = definePolicy({ maxRetries: 5, jitter: 'full' });
    const job = { id: '7', queueName: 'mail', timestamp: Date.now() };
    for (let retry = 1; retry <= 5; retry++) {
      expect(strategy(policy)(retry, 'ostinato', new Error('x'), job)).toBe(
        delayFor(policy, retry, seeded('mail:7')),
      );
    }
    expect(strategy(policy)(6, 'ostinato', new Error('x'), job)).toBe(-1);
  });

  test('stops where the verdict says so', () => {
    const unrecoverable = Object.assign(new Error('x'), { name: 'UnrecoverableError' });
    for (const error of [permanent(new Error('x')), unrecoverable]) {
      expect(strategy({})(1, 'ostinato', error, { id: '7', queueName: 'mail', timestamp: 0 })).toBe(-1);
    }
  });

  test('gives a whole number or -1, and never throws, whatever it is asked', () => {
    fc.assert(
      fc.property(
        arbitraryPolicy(),
        fc.anything(),
        fc.anything(),
        fc.anything(),
        (policy, made, error, job) => {
          const delay = strategy(policy)(made as number, 'ostinato', error as Error, job);
          expect(delay === -1 || (Number.isSafeInteger(delay) && delay >= 0)).toBe(true);
        },
      ),
      { seed: 6, numRuns: 1_000 },
    );
  });
});

test('not BullMQ but the policy ends a job that keeps crashing', () => {
  expect(workerOptions({}).maxStalledCount).toBeGreaterThanOrEqual(1e9);
});

test('a limiter is there only for those who pause the queue', () => {
  expect(workerOptions({})).not.toHaveProperty('limiter');
  expect(workerOptions({}, { onHint: 'queue' }).limiter?.max).toBeGreaterThanOrEqual(1e9);
});

const repeatStrategy = (): number => 0;

test('the limiter and the settings of the worker’s own are kept', () => {
  const limiter = { max: 10, duration: 1_000 };
  for (const onHint of ['job', 'queue'] as const) {
    const options = workerOptions({}, { onHint, limiter, settings: { repeatStrategy } });
    expect(options.limiter).toBe(limiter);
    expect(options.settings.repeatStrategy).toBe(repeatStrategy);
    expect(options.settings.backoffStrategy(1, 'ostinato', new Error('x'), {})).toBeGreaterThan(0);
  }
});

const build = (options: object) => () => workerOptions({}, options);

test('what is no option is refused', () => {
  expect(build({ connection: {} })).toThrow(
    'connection: got object; unknown name; the names are onHint, limiter, settings',
  );
  expect(build({ onHint: true })).toThrow("onHint is 'job' or 'queue', got true");
});

test('job options hold the most attempts that a store can, for a policy without limit', () => {
  expect(jobOptions({ maxRetries: 3 })).toEqual({ attempts: 4, backoff: { type: 'ostinato' } });
  expect(jobOptions({ maxRetries: Infinity }).attempts).toBe(2_147_483_647);
});

test('a policy that is none is refused', () => {
  expect(() => workerOptions({ maxRetries: 0.5 })).toThrow(TypeError);
  expect(() => jobOptions({ maxRetries: 0.5 })).toThrow(TypeError);
});

test('options that are null are not given', () => {
  expect(workerOptions({}, { onHint: null, limiter: null, settings: null })).not.toHaveProperty('limiter');
  expect(Object.keys(workerOptions({}, null))).toEqual(Object.keys(workerOptions({})));
});
