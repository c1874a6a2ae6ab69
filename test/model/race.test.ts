import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Clock, definePolicy, retry } from '../../src/index.js';
import { runs } from '../support/runs.js';

/** A clock whose timers fire when the scheduler says so, in any order, but never before their time. */
class RacingClock implements Clock {
  live = 0;
  #nowMs = 0;
  constructor(readonly scheduler: fc.Scheduler) {}
  now = (): number => this.#nowMs;
  wallNow = (): number => this.#nowMs;
  setTimer = (ms: number, fire: () => void): (() => void) => {
    const dueMs = this.#nowMs + ms;
    let isLive = true;
    this.live++;
    const end = (): boolean => {
      if (!isLive) return false;
      isLive = false;
      this.live--;
      return true;
    };
    const due = async (): Promise<void> => {
      await this.scheduler.schedule(Promise.resolve(), `timer of ${ms} ms`);
      if (!end()) return;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      fire();
    };
    void due();
    return () => void end();
  };
}

const arbitraryCall = fc.record({
  failTimes: fc.nat({ max: 4 }),
  maxRetries: fc.nat({ max: 3 }),
  attemptTimeoutMs: fc.constantFrom(Infinity, 10),
  slowHook: fc.boolean(),
  slowObserver: fc.boolean(),
  exactDelay: fc.boolean(),
});

test('whatever comes first, calls on one signal end once, and leave no timer, no listener and no call behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(arbitraryCall, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (scheduler, calls, aborts) => {
        const clock = new RacingClock(scheduler);
        const controller = new AbortController();
        const reason = new Error('aborted');
        let ends = 0;
        let attemptsAfterEnd = 0;

        let observedAfterEnd = 0;
        const unobserved = new Set<string>();

        const promises = calls.map((given, call) => {
          const { failTimes, maxRetries, attemptTimeoutMs, slowHook, slowObserver, exactDelay } = given;
          let ended = false;
          return retry(
            ({ attempt }) => {
              if (ended || controller.signal.aborted) attemptsAfterEnd++;
              unobserved.add(`${call}:${attempt}`);
              const outcome =
                attempt > failTimes
                  ? Promise.resolve(attempt)
                  : Promise.reject(new Error(`${call}:${attempt}`));
              outcome.catch(() => {});
              return scheduler.schedule(outcome, `attempt ${attempt} of call ${call}`);
            },
            definePolicy({ maxRetries, attemptTimeoutMs, baseDelayMs: 5 }),
            {
              clock,
              signal: controller.signal,
              classify: () => (exactDelay ? { delayMs: 3 } : undefined),
              policyFor: () => (exactDelay ? { maxRetries } : undefined),
              onAttempt: ({ attempt }) => {
                if (ended) observedAfterEnd++;
                unobserved.delete(`${call}:${attempt}`);
                return slowObserver ? scheduler.schedule(Promise.resolve(), 'an observer') : undefined;
              },
              onRetry: () =>
                slowHook ? scheduler.schedule(Promise.resolve(), `hook of call ${call}`) : undefined,
              onEnd: () => {
                ended = true;
                ends++;
              },
            },
          );
        });
        const settled = Promise.allSettled(promises);
        if (aborts) {
          void scheduler.schedule(Promise.resolve(), 'abort').then(() => controller.abort(reason));
        }
        await scheduler.waitFor(settled);
        const results = await settled;

        expect(ends).toBe(calls.length);
        expect(observedAfterEnd).toBe(0);
        expect(unobserved).toEqual(new Set());
        expect(clock.live).toBe(0);
        expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
        for (const [call, result] of results.entries()) {
          if (result.status === 'fulfilled')
            expect(result.value).toBeLessThanOrEqual(calls[call]!.maxRetries + 1);
          else if (controller.signal.aborted && result.reason === reason) expect(aborts).toBe(true);
          else expect(String(result.reason)).toMatch(new RegExp(`^(Error: ${call}:|TimeoutError)`));
        }
        // What is still under way settles late: an attempt that was cut, a timer that was cancelled.
        await scheduler.waitIdle();
        expect(attemptsAfterEnd).toBe(0);
        expect(clock.live).toBe(0);
      },
    ),
    runs(1_000, 50_000),
  );
});
