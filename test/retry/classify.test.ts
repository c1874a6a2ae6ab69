import { describe, expect, test } from 'vitest';
import { permanent, reportOf, retry, retryAfter, type Verdict } from '../../src/index.js';
import { fails, play, returns, steady } from './scenario.js';

const boom = new Error('boom');
const pending = (value: unknown): Verdict | undefined => (value === 'pending' ? 'retry' : undefined);
const mustNotBeAsked = (): Verdict => {
  throw new Error('must not be asked');
};

describe('classify', () => {
  test('comes before all built-in rules', async () => {
    const gone = permanent(new Error('gone'));
    expect((await play([fails(gone)], { classify: () => 'retry' })).startsMs).toHaveLength(4);
    expect((await play([fails(boom)], { classify: () => 'stop' })).startsMs).toHaveLength(1);
    expect((await play([fails(gone)], { classify: () => ({ retryAfterMs: 1_000 }) })).startsMs).toEqual([
      0, 1_000, 2_000, 3_000,
    ]);
  });

  test('leaves what it has no opinion on to them', async () => {
    expect((await play([fails(boom)], { classify: () => undefined })).startsMs).toHaveLength(4);
    expect(
      (await play([fails(permanent(new Error('gone')))], { classify: () => undefined })).startsMs,
    ).toHaveLength(1);
  });

  test('is asked about each failure once, also about what is no error, and the last one', async () => {
    const seen: unknown[] = [];
    await play([fails(undefined), fails('text'), fails(boom)], {
      policy: { ...steady, maxRetries: 2 },
      classify: (error, { attempt }) => {
        seen.push([attempt, error]);
        return undefined;
      },
    });
    expect(seen).toEqual([
      [1, undefined],
      [2, 'text'],
      [3, boom],
    ]);
  });

  test('is not asked about a value, nor about an abort', async () => {
    expect((await play([returns(1)], { classify: mustNotBeAsked })).outcome).toEqual({ value: 1 });
    expect((await play([returns(1, 100)], { classify: mustNotBeAsked, abortAtMs: 50 })).report.reason).toBe(
      'aborted',
    );
  });
});

describe('classifyResult', () => {
  test('makes a value a failure', async () => {
    const story = await play([returns('pending'), returns('pending'), returns('ready')], {
      classifyResult: pending,
    });
    expect(story.outcome).toEqual({ value: 'ready' });
    expect(story.startsMs).toEqual([0, 100, 300]);
    expect(story.report.attempts).toEqual([
      { attempt: 1, value: 'pending', startMs: 0, durationMs: 0, delayMs: 100 },
      { attempt: 2, value: 'pending', startMs: 100, durationMs: 0, delayMs: 200 },
      { attempt: 3, startMs: 300, durationMs: 0 },
    ]);
  });

  test('has the last value returned when retrying ends, and onEnd tells', async () => {
    const story = await play([returns('pending')], { classifyResult: pending });
    expect(story.outcome).toEqual({ value: 'pending' });
    expect(story.report).toMatchObject({ ok: false, reason: 'retries-exhausted' });
  });

  test('keeps the report of a value that is an object', async () => {
    const value = { state: 'pending' };
    expect(await retry(() => value, { maxRetries: 0 }, { classifyResult: () => 'retry' })).toBe(value);
    expect(reportOf(value)).toMatchObject({ ok: false, reason: 'retries-exhausted' });
  });

  test('may stop, and may carry a hint', async () => {
    expect((await play([returns(1)], { classifyResult: () => 'stop' })).report).toMatchObject({
      ok: false,
      reason: 'not-retryable',
    });
    const story = await play([returns(1)], { classifyResult: () => ({ retryAfterMs: 5_000 }) });
    expect(story.startsMs).toEqual([0, 5_000, 10_000, 15_000]);
    expect(story.report.hintMs).toBe(5_000);
  });

  test('is asked about values only, whatever they are', async () => {
    const seen: unknown[] = [];
    await play([fails(boom), returns(undefined)], {
      classifyResult: (value, { attempt }) => {
        seen.push([attempt, value]);
        return undefined;
      },
    });
    expect(seen).toEqual([[2, undefined]]);
  });

  test('that refused a value lets an error of a later attempt be the end', async () => {
    const story = await play([returns('pending'), fails(boom)], {
      policy: { ...steady, maxRetries: 1 },
      classifyResult: pending,
    });
    expect(story.outcome).toEqual({ error: boom });
  });
});

describe('what is no verdict ends the call with a TypeError that shows the right spelling', () => {
  test.each<[unknown, string]>([
    [true, 'true'],
    [false, 'false'],
    [null, 'null'],
    [0, '0'],
    [1_000, '1000'],
    ['Retry', '"Retry"'],
    [{}, 'object'],
    [{ retryAfterMs: NaN }, 'object'],
    [{ retryAfterMs: -1 }, 'object'],
    [{ retryAfterMs: '5' }, 'object'],
    [{ delayMs: NaN }, 'object'],
    [{ delayMs: -1 }, 'object'],
    [{ delayMs: 5, retryAfterMs: 5 }, 'object'],
    [[], '[]'],
    [Promise.resolve('retry'), 'object'],
    [(): string => 'retry', 'function'],
  ])('%o', async (verdict, shown) => {
    for (const scenario of [{ classify: () => verdict }, { classifyResult: () => verdict }]) {
      const story = await play([scenario.classify ? fails(boom) : returns(1)], scenario as never);
      expect(story.outcome).toEqual({
        error: new TypeError(
          `${Object.keys(scenario)[0]}: got ${shown}; return 'retry', 'stop', { retryAfterMs: 1000 }, { delayMs: 1000 } or undefined, never a promise`,
        ),
      });
      expect(story.report).toMatchObject({ reason: 'hook-failed', attempts: [{ attempt: 1 }] });
    }
  });

  test('so an asynchronous classifier is refused', async () => {
    const classify = (async () => 'retry') as never;
    await expect(retry(() => Promise.reject(boom), steady, { classify })).rejects.toThrow(/never a promise/);
  });
});

describe('a hint', () => {
  test('that is longer than maxRetryAfterMs ends the call, keeping the error and the hint', async () => {
    const busy = retryAfter(new Error('busy'), 60_001);
    const story = await play([fails(busy)], { policy: { ...steady, maxRetryAfterMs: 60_000 } });
    expect(story.outcome).toEqual({ error: busy });
    expect(story.startsMs).toEqual([0]);
    expect(story.report).toMatchObject({ reason: 'hint-too-long', hintMs: 60_001 });
  });

  test('of the last failure is in the report, that of one before is not', async () => {
    const busy = retryAfter(new Error('busy'), 5);
    expect((await play([fails(boom), fails(busy)])).report.hintMs).toBe(5);
    expect((await play([fails(busy), fails(boom)])).report).not.toHaveProperty('hintMs');
    expect((await play([fails(busy), returns(1)])).report).not.toHaveProperty('hintMs');
  });
});
