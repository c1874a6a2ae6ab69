import { describe, expect, test } from 'vitest';
import { type AttemptContext, type PolicySpec, presets, retryAfter } from '../../src/index.js';
import { fails, hangs, play, returns, type Scenario, steady } from './scenario.js';

const boom = new Error('boom');
const busy = Object.assign(new Error('busy'), { status: 429 });
const patient: PolicySpec = { backoff: [5_000], maxRetries: 2 };

const mustNotBeAsked = (): never => {
  throw new Error('must not be asked');
};

describe('policyFor', () => {
  test('chooses the policy of one decision', async () => {
    const story = await play([fails(busy), fails(boom), returns('value')], {
      policyFor: (failure) => (failure === busy ? patient : undefined),
    });
    expect(story.startsMs).toEqual([0, 5_000, 5_200]);
  });

  test('gets each failure once, the last one too, with the context of its attempt', async () => {
    const given: [unknown, AttemptContext][] = [];
    const { contexts } = await play([fails(boom), returns('refused'), fails(undefined)], {
      policy: { ...steady, maxRetries: 2 },
      classifyResult: () => 'retry',
      policyFor: (failure, context) => {
        given.push([failure, context]);
        return undefined;
      },
    });
    expect(given.map(([failure, { attempt }]) => [failure, attempt])).toEqual([
      [boom, 1],
      ['refused', 2],
      [undefined, 3],
    ]);
    expect(given.map(([, context]) => context)).toEqual(contexts);
  });

  test('is not asked about a value that is accepted, nor about an abort', async () => {
    expect((await play([returns('value')], { policyFor: mustNotBeAsked })).outcome).toEqual({
      value: 'value',
    });
    expect((await play([hangs], { policyFor: mustNotBeAsked, abortAtMs: 10 })).report.reason).toBe('aborted');
  });

  test('has one counter for all policies: it stops when the attempt is above maxRetries of the chosen one', async () => {
    const choices = [{ maxRetries: 1 }, { maxRetries: 9 }, { maxRetries: 2 }];
    const { startsMs, report } = await play([fails(boom)], {
      policyFor: (_, { attempt }) => ({ ...steady, ...choices[attempt - 1] }),
    });
    expect(startsMs).toEqual([0, 100, 300]);
    expect(report.reason).toBe('retries-exhausted');
  });

  test('may allow more retries than the policy of the call', async () => {
    const { startsMs } = await play([fails(boom)], {
      policy: { ...steady, maxRetries: 0 },
      policyFor: () => ({ backoff: [1, 1, 1, 1] }),
    });
    expect(startsMs).toEqual([0, 1, 2, 3, 4]);
  });

  test('leaves the time limits of the call as they are, longer ones and shorter ones', async () => {
    const chosen = { ...steady, attemptTimeoutMs: 10, maxElapsedMs: 20 };
    const story = await play([fails(boom, 50), returns('value', 50)], { policyFor: () => chosen });
    expect(story.outcome).toEqual({ value: 'value' });
    const timeless = { ...steady, maxElapsedMs: Infinity, attemptTimeoutMs: Infinity };
    const limited = await play([hangs], {
      policy: { ...steady, attemptTimeoutMs: 100, maxElapsedMs: 1_000 },
      policyFor: () => timeless,
    });
    expect(limited.startsMs).toEqual([0, 200, 500]);
    expect(limited.report).toMatchObject({ reason: 'deadline' });
  });

  test('brings its retryStatuses and its maxRetryAfterMs', async () => {
    const gone = Object.assign(new Error('gone'), { status: 404 });
    const retried = await play([fails(gone)], { policyFor: () => ({ ...steady, retryStatuses: [404] }) });
    expect(retried.startsMs).toHaveLength(4);
    const hinted = await play([fails(retryAfter(new Error('busy'), 1_000))], {
      policyFor: () => ({ ...steady, maxRetryAfterMs: 999 }),
    });
    expect(hinted.report.reason).toBe('hint-too-long');
  });

  test('may choose a preset, a bare spec, or a frozen policy, also the same again and again', async () => {
    for (const chosen of [presets.aggressive, { maxRetries: 1 }, Object.freeze({ maxRetries: 1 })]) {
      const story = await play([fails(boom), returns('value')], { policyFor: () => chosen });
      expect(story.outcome).toEqual({ value: 'value' });
    }
  });

  test.each<[string, unknown]>([
    ['a promise', Promise.resolve({ maxRetries: 1 })],
    ['a wrong spec', { maxRetries: -1 }],
    ['a misspelt key', { retries: 3 }],
    ['null', null],
    ['a name', 'aggressive'],
    ['a number', 3],
    ['a function', () => presets.default],
    ['a list', []],
  ])('that returns %s ends the call with a TypeError', async (_, chosen) => {
    const scenario = { policyFor: () => chosen } as Scenario;
    const story = await play([fails(boom)], scenario);
    expect(story.outcome).toMatchObject({ error: expect.any(TypeError) as unknown });
    expect(story.report).toMatchObject({ reason: 'hook-failed', attempts: [{ attempt: 1, error: boom }] });
    expect(story.startsMs).toHaveLength(1);
  });

  test('that throws ends the call with what it throws', async () => {
    for (const thrown of [new Error('broken'), undefined, 'text']) {
      const story = await play([fails(boom)], {
        policyFor: () => {
          // oxlint-disable-next-line no-throw-literal
          throw thrown;
        },
      });
      expect(story.outcome).toEqual({ error: thrown });
      expect(story.report.reason).toBe('hook-failed');
    }
  });
});
