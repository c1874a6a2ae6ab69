import { describe, expect, test } from 'vitest';
import { fails, hangs, listens, play, returns, steady, type Step } from './scenario.js';

const boom = new Error('boom');
const timeout = (message: string): unknown => expect.objectContaining({ name: 'TimeoutError', message });

describe('attemptTimeoutMs', () => {
  const policy = { ...steady, attemptTimeoutMs: 1_000 };

  test.each<[string, Step]>([
    ['ignores its signal', hangs],
    ['listens to its signal', listens],
  ])('ends an attempt that %s, which counts as failed', async (_, step) => {
    const story = await play([step, returns('second')], { policy });
    expect(story.outcome).toEqual({ value: 'second' });
    expect(story.startsMs).toEqual([0, 1_100]);
    expect(story.report.attempts[0]).toMatchObject({
      error: timeout('Attempt 1 was cut off by attemptTimeoutMs (1000)'),
      durationMs: 1_000,
      delayMs: 100,
    });
  });

  test('gives an error with a class and a name, which may be changed', async () => {
    const { outcome } = await play([hangs], { policy: { ...policy, maxRetries: 0 } });
    const error = 'error' in outcome ? (outcome.error as Error) : new Error('none');
    expect(error.constructor.name).toBe('TimeoutError');
    expect(String(error.stack)).toMatch(/^TimeoutError: Attempt 1/);
    error.name = 'Renamed';
    expect(String(error)).toMatch(/^Renamed: Attempt 1/);
  });

  test('aborts the signal of the attempt with the error it fails with, and of no other attempt', async () => {
    const story = await play([hangs, returns('second')], { policy });
    expect(story.contexts[0]!.signal.reason).toBe(story.report.attempts[0]!.error);
    expect(story.contexts[1]!.signal.aborted).toBe(false);
  });

  test('is an error like any other for the caller: the last one is what the call ends with', async () => {
    const story = await play([hangs], { policy: { ...policy, maxRetries: 1 } });
    expect(story.outcome).toEqual({ error: timeout('Attempt 2 was cut off by attemptTimeoutMs (1000)') });
    expect(story.outcome).toMatchObject({ error: expect.any(Error) });
    expect(story.report.reason).toBe('retries-exhausted');
    expect(story.events).toMatchObject([{ error: story.report.attempts[0]!.error }]);
  });

  test('tells the error of the attempt before as its cause, if there is one', async () => {
    const first = await play([hangs], { policy: { ...policy, maxRetries: 0 } });
    expect('error' in first.outcome && 'cause' in (first.outcome.error as Error)).toBe(false);
    for (const thrown of [boom, undefined, 'text']) {
      const story = await play([fails(thrown), hangs], { policy: { ...policy, maxRetries: 1 } });
      expect(story.outcome).toMatchObject({ error: { name: 'TimeoutError', cause: thrown } });
      expect('error' in story.outcome && 'cause' in (story.outcome.error as Error)).toBe(true);
    }
  });

  test('of many attempts in a row tells ten of them by its causes: a call without end keeps no more', async () => {
    const story = await play([fails(boom), hangs], {
      policy: { ...policy, maxRetries: 24, backoff: 'constant' },
    });
    const chain: unknown[] = [];
    let error: unknown = story.report.attempts.at(-1)!.error;
    while (error !== undefined) {
      chain.push(error);
      error = (error as Error).cause;
    }
    // Attempts 21 to 25: 11, 21, … begin a new chain.
    expect(chain).toEqual(
      story.report.attempts
        .slice(-5)
        .map((attempt) => attempt.error)
        .toReversed(),
    );
    const tenth = story.report.attempts[9]!.error as Error;
    expect(tenth.cause).toBe(story.report.attempts[8]!.error);
    expect((story.report.attempts[1]!.error as Error).cause).toBe(boom);
  });

  test('tells no cause where the attempt before gave a value', async () => {
    const story = await play([returns('refused'), hangs], {
      policy: { ...policy, maxRetries: 1 },
      classifyResult: () => 'retry',
    });
    expect('error' in story.outcome && 'cause' in (story.outcome.error as Error)).toBe(false);
  });

  test('is asked of classify, as any failure', async () => {
    const seen: unknown[] = [];
    const story = await play([hangs], {
      policy,
      classify: (error) => {
        seen.push(error);
        return 'stop';
      },
    });
    expect(story.report.reason).toBe('not-retryable');
    expect(seen).toEqual([timeout('Attempt 1 was cut off by attemptTimeoutMs (1000)')]);
  });

  test('lets an attempt run that ends just in time', async () => {
    const story = await play([returns('in time', 999)], { policy });
    expect(story.outcome).toEqual({ value: 'in time' });
  });

  test.each<[string, Step]>([
    ['value', returns('late', 1_050)],
    ['failure', fails(boom, 1_050)],
    ['failure during a later attempt', fails(boom, 1_200)],
  ])('ignores a %s that comes late', async (_, step) => {
    const story = await play([step, returns('second', 500)], { policy });
    expect(story.outcome).toEqual({ value: 'second' });
    expect(story.startsMs).toEqual([0, 1_100]);
    expect(story.endedMs).toBe(1_600);
  });

  test('counts from the begin of each attempt', async () => {
    const story = await play([fails(boom, 900), fails(boom, 900), returns('third', 900)], { policy });
    expect(story.outcome).toEqual({ value: 'third' });
  });

  test('may be longer than any timer', async () => {
    const days = 86_400_000;
    const story = await play([hangs], { policy: { maxRetries: 0, attemptTimeoutMs: 60 * days } });
    expect(story.endedMs).toBe(60 * days);
  });
});

describe('maxElapsedMs', () => {
  test('cuts off a running attempt, and the call ends there', async () => {
    const story = await play([hangs], { policy: { ...steady, maxElapsedMs: 1_000 } });
    expect(story.endedMs).toBe(1_000);
    expect(story.outcome).toEqual({ error: timeout('Attempt 1 was cut off by maxElapsedMs (1000)') });
    expect(story.report).toMatchObject({ reason: 'deadline', elapsedMs: 1_000 });
    expect(story.contexts[0]!.signal.aborted).toBe(true);
  });

  test('leaves a later attempt the time that is left, with the error before as the cause', async () => {
    const story = await play([fails(boom, 500), listens], { policy: { ...steady, maxElapsedMs: 1_000 } });
    expect(story.startsMs).toEqual([0, 600]);
    expect(story.endedMs).toBe(1_000);
    expect(story.outcome).toMatchObject({ error: { name: 'TimeoutError', cause: boom } });
  });

  test('goes together with attemptTimeoutMs: what comes first cuts', async () => {
    const policy = { ...steady, attemptTimeoutMs: 400, maxElapsedMs: 1_000 };
    const story = await play([hangs], { policy });
    expect(story.startsMs).toEqual([0, 500]);
    expect(story.report.attempts.map(({ error }) => (error as Error).message)).toEqual([
      'Attempt 1 was cut off by attemptTimeoutMs (400)',
      'Attempt 2 was cut off by attemptTimeoutMs (400)',
    ]);
    expect(story.endedMs).toBe(900);
    expect(story.report.reason).toBe('deadline');
  });

  test('ends the call before a delay that would be for nothing, with the error untouched', async () => {
    const story = await play([fails(boom)], { policy: { ...steady, maxElapsedMs: 300 } });
    expect(story.startsMs).toEqual([0, 100]);
    expect(story.endedMs).toBe(100);
    expect(story.outcome).toEqual({ error: boom });
    expect(story.report.reason).toBe('deadline');
    expect(story.report.attempts.at(-1)).not.toHaveProperty('delayMs');
  });

  test('of 0 leaves one attempt that must not wait for anything', async () => {
    expect((await play([returns('at once')], { policy: { maxElapsedMs: 0 } })).outcome).toEqual({
      value: 'at once',
    });
    expect((await play([hangs], { policy: { maxElapsedMs: 0 } })).report).toMatchObject({
      reason: 'deadline',
      elapsedMs: 0,
    });
  });
});
