import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Report, retry } from '../src/index.js';

type FakeableMethod = 'setTimeout' | 'clearTimeout' | 'Date' | 'performance';

const fail = (): never => {
  throw new Error('boom');
};
const hang = (): Promise<never> => new Promise(() => {});
const second = { backoff: 'constant', baseDelayMs: 1_000, jitter: 'none' } as const;

const sets: Record<string, FakeableMethod[]> = {
  'setTimeout alone': ['setTimeout', 'clearTimeout'],
  'setTimeout and Date': ['setTimeout', 'clearTimeout', 'Date'],
  'setTimeout and performance': ['setTimeout', 'clearTimeout', 'performance'],
  'setTimeout, Date and performance': ['setTimeout', 'clearTimeout', 'Date', 'performance'],
};

describe.each<[string, FakeableMethod[] | undefined]>([...Object.entries(sets), ['all there is', undefined]])(
  'with fakes of %s',
  (_, toFake) => {
    // Twice: the second time with other fakes, and after real calls.
    describe.each(['once', 'again'])('%s', () => {
      beforeEach(() => void vi.useFakeTimers(toFake && { toFake }));
      afterEach(() => void vi.useRealTimers());

      test('maxElapsedMs is reached in the time of the timers', async () => {
        const ends: Report[] = [];
        const policy = { ...second, maxRetries: Infinity, maxElapsedMs: 5_000 };
        const onEnd = (report: Report): void => void ends.push(report);
        retry(fail, policy, { onEnd }).catch(() => {});
        retry(hang, { ...policy, maxRetries: 0 }, { onEnd }).catch(() => {});
        retry(fail, policy, { onEnd, onRetry: hang }).catch(() => {});
        await vi.advanceTimersByTimeAsync(4_900);
        expect(ends.filter(({ reason }) => reason !== 'deadline')).toEqual([]);
        await vi.advanceTimersByTimeAsync(15_000);
        expect(ends.filter(({ reason }) => reason === 'deadline')).toHaveLength(2);
        expect(ends.filter(({ reason }) => reason === 'retries-exhausted')).toHaveLength(1);
        expect(ends.map(({ attempts }) => attempts.length).toSorted((a, b) => a - b)).toEqual([1, 1, 5]);
        expect(vi.getTimerCount()).toBe(0);
      });

      test('attemptTimeoutMs is reached in the time of the timers', async () => {
        const ends: Report[] = [];
        retry(
          hang,
          { ...second, maxRetries: 2, attemptTimeoutMs: 1_000 },
          { onEnd: (told) => ends.push(told) },
        ).catch(() => {});
        await vi.advanceTimersByTimeAsync(4_990);
        expect(ends).toHaveLength(0);
        await vi.advanceTimersByTimeAsync(20);
        expect(ends).toMatchObject([{ reason: 'retries-exhausted', attempts: [{}, {}, {}] }]);
        expect(vi.getTimerCount()).toBe(0);
      });

      test('real calls are right after them, though calls were left waiting', async () => {
        retry(fail, { ...second, maxRetries: 1 }).catch(() => {});
        retry(hang, { maxRetries: 0, attemptTimeoutMs: 1_000 }).catch(() => {});
        await vi.advanceTimersByTimeAsync(500);
        vi.useRealTimers();
        const startMs = performance.now();
        let report: Report | undefined;
        await retry(
          ({ attempt }) => (attempt < 3 ? fail() : attempt),
          { backoff: [2, 3], maxElapsedMs: 60_000, attemptTimeoutMs: 30_000 },
          { onEnd: (told) => (report = told) },
        );
        const tookMs = performance.now() - startMs;
        expect(tookMs).toBeGreaterThanOrEqual(5);
        expect(report!.elapsedMs).toBeGreaterThanOrEqual(5);
        expect(report!.elapsedMs).toBeLessThanOrEqual(Math.ceil(tookMs));
      });
    });
  },
);
