import type { BackoffKind, RetryPolicy } from './policy.js';

/** The cap as arithmetic needs it: `maxDelayMs`, but never past the last whole number a double can count to. */
export const capOf = (policy: RetryPolicy): number => Math.min(policy.maxDelayMs, Number.MAX_SAFE_INTEGER);

/** F(0), F(1), …; grows on demand, at most to the first one that is Infinity, F(1477). Adding up each time is slower than all the rest of a delay. */
const known = [0, 1];

/** How many times the base delay retry k waits, by the kind of backoff. */
export const growth: { readonly [Kind in BackoffKind]: (retry: number, factor: number) => number } = {
  constant: () => 1,
  linear: (retry) => retry,
  exponential: (retry, factor) => factor ** (retry - 1),
  fibonacci(retry) {
    const k = Math.min(retry, 1477);
    while (known.length <= k) known.push(known.at(-1)! + known.at(-2)!);
    return known[k]!;
  },
  decorrelated: (retry) => 3 ** (retry - 1),
};

/**
 * The nominal delay of a retry (1, 2, …) in milliseconds, before jitter and cap; finite, but neither rounded nor capped.
 *
 * constant `base` · linear `base·k` · exponential `base·factor^(k-1)` · fibonacci `base·F(k)` with F(1) = F(2) = 1 ·
 * a list gives its k-th entry, the last one repeating · decorrelated `base·3^(k-1)`, the largest delay that can have
 * come before. What grows past all numbers (retry 1 025 of a doubling delay) stays at the largest there is. (Were it to
 * become the cap, the nominal delay would fall there, and with it every delay of a jitter below 1.)
 */
export function nominal({ backoff, baseDelayMs, factor }: RetryPolicy, retry: number): number {
  if (typeof backoff !== 'string') return backoff[Math.min(retry, backoff.length) - 1]!;
  // A base of 0 is 0 before any growth: 0 · Infinity is NaN.
  return baseDelayMs && Math.min(baseDelayMs * growth[backoff](retry, factor), Number.MAX_VALUE);
}
