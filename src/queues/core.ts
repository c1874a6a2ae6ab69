import type { RetryPolicy, Verdict } from '../index.js';

// Stand-ins until the core's own door is there: same signatures, fewer rules.

export interface Clock {
  now(): number;
  wallNow(): number;
  setTimer(ms: number, fn: () => void, unref: boolean): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

export const judge = (_error: unknown, _policy: RetryPolicy, _clock: Clock): Verdict => 'retry';
