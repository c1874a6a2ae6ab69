import type { RetryPolicy } from './policy.js';

/** The cap as arithmetic needs it: `maxDelayMs`, but never past the last whole number a double can count to. */
export const capOf = (policy: RetryPolicy): number => Math.min(policy.maxDelayMs, Number.MAX_SAFE_INTEGER);

/**
 * The nominal delay of a retry (1, 2, …) in milliseconds, before jitter and cap; finite, but neither rounded nor capped.
 *
 * constant `base` · linear `base·k` · exponential `base·factor^(k-1)` · fibonacci `base·F(k)` with F(1) = F(2) = 1 ·
 * a list gives its k-th entry, the last one repeating · decorrelated `base·3^(k-1)`, the largest delay that can have
 * come before. What grows past all numbers (retry 1 025 of a doubling delay) stays at the largest there is. (Were it to
 * become the cap, the nominal delay would fall there, and with it every delay of a jitter below 1.)
 */
export function nominal(policy: RetryPolicy, retry: number): number {
  const { backoff, baseDelayMs } = policy;
  if (typeof backoff !== 'string') return backoff[Math.min(retry, backoff.length) - 1]!;
  // Before any growth: 0 · Infinity is NaN.
  if (baseDelayMs === 0) return 0;
  return Math.min(baseDelayMs * growth(backoff, policy.factor, retry), Number.MAX_VALUE);
}

function growth(
  kind: Exclude<RetryPolicy['backoff'], readonly number[]>,
  factor: number,
  retry: number,
): number {
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return retry;
    case 'exponential':
      return factor ** (retry - 1);
    case 'fibonacci':
      return fibonacci(retry);
    case 'decorrelated':
      return 3 ** (retry - 1);
  }
}

/** F(0), F(1), …; grows on demand, at most to the first one that is Infinity, F(1477). Adding up each time is slower than all the rest of a delay. */
const known = [0, 1];

function fibonacci(k: number): number {
  const index = Math.min(k, 1477);
  for (let i = known.length; i <= index; i++) known[i] = known[i - 1]! + known[i - 2]!;
  return known[index]!;
}
