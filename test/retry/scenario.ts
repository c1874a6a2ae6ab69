import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import {
  type AttemptContext,
  type Clock,
  type PolicySpec,
  type Report,
  retry,
  type RetryEvent,
  type RetryOptions,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

/** What one attempt comes to; it may take its time. */
export type Step = (context: AttemptContext, sleep: (ms: number) => Promise<void>) => unknown;

export const returns =
  (value: unknown, afterMs = 0): Step =>
  async (_, sleep) => {
    if (afterMs > 0) await sleep(afterMs);
    return value;
  };

export const fails =
  (error: unknown, afterMs = 0): Step =>
  async (_, sleep) => {
    if (afterMs > 0) await sleep(afterMs);
    throw error;
  };

/** Never comes to an end, and ignores its signal. */
export const hangs: Step = () => new Promise(() => {});

/** Never comes to an end, until its signal is aborted: then it fails as `fetch` does. */
export const listens: Step = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

/** Delays of 100, 200 and 400 ms. */
export const steady: PolicySpec = { maxRetries: 3, baseDelayMs: 100, jitter: 'none' };

export interface Scenario extends RetryOptions {
  readonly policy?: PolicySpec;
  /** The caller aborts then, with `reason`. */
  readonly abortAtMs?: number;
}

/** What the caller aborts with. */
export const reason = new Error('the caller has had enough');

export interface Story {
  /** How the promise settled. */
  readonly outcome: { readonly value: unknown } | { readonly error: unknown };
  /** When each attempt began. */
  readonly startsMs: readonly number[];
  readonly contexts: readonly AttemptContext[];
  /** When the promise settled. */
  readonly endedMs: number;
  readonly events: readonly RetryEvent[];
  readonly report: Report;
}

/** Plays the attempts one after the other (the last one again and again) on a virtual clock, and tells what happened. */
export async function play(
  steps: readonly Step[],
  { policy = steady, abortAtMs, ...options }: Scenario = {},
): Promise<Story> {
  const clock = virtualClock();
  const { clock: ours, liveTimers } = counted(clock);
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimer(ms, resolve, false);
    });
  const controller = new AbortController();
  const signal = options.signal ?? controller.signal;
  if (abortAtMs !== undefined) clock.setTimer(abortAtMs, () => controller.abort(reason), false);

  const contexts: AttemptContext[] = [];
  const startsMs: number[] = [];
  const events: RetryEvent[] = [];
  const reports: Report[] = [];
  let endedMs = NaN;
  const call = retry<unknown>(
    (context) => {
      contexts.push(context);
      startsMs.push(clock.now());
      return steps[Math.min(contexts.length, steps.length) - 1]!(context, sleep);
    },
    policy,
    {
      clock: ours,
      ...options,
      signal,
      onRetry: (event) => {
        events.push(event);
        return options.onRetry?.(event);
      },
      onEnd: (report) => {
        reports.push(report);
        return options.onEnd?.(report);
      },
    },
  ).finally(() => (endedMs = clock.now()));
  const outcome = await clock.runAll(
    call.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  );

  // Whatever happens, there is one end, and nothing is left behind.
  expect(reports).toHaveLength(1);
  expect(liveTimers()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const attempts = contexts.length;
  // Nor does anything happen later: attempts that were given up settle now.
  await clock.runAll();
  expect(contexts).toHaveLength(attempts);
  expect(reports).toHaveLength(1);
  return { outcome, startsMs, contexts, endedMs, events, report: reports[0]! };
}

/** The same clock, and how many of the timers set through it are alive. */
export function counted(clock: Clock): { clock: Clock; liveTimers: () => number } {
  const live = new Set<object>();
  const setTimer: Clock['setTimer'] = (ms, fn, unref) => {
    const timer = {};
    live.add(timer);
    const cancel = clock.setTimer(
      ms,
      () => {
        live.delete(timer);
        fn();
      },
      unref,
    );
    return () => {
      live.delete(timer);
      cancel();
    };
  };
  return {
    clock: { now: () => clock.now(), wallNow: () => clock.wallNow(), setTimer },
    liveTimers: () => live.size,
  };
}
