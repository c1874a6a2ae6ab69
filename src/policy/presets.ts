import type { RetryPolicy } from './policy.js';

// Plain literals: importing them pulls in no validation. A test holds them to the rules of `definePolicy`.
const preset = (maxRetries: number, baseDelayMs: number, factor: number, jitterHi: number): RetryPolicy =>
  Object.freeze<RetryPolicy>({
    maxRetries,
    backoff: 'exponential',
    baseDelayMs,
    factor,
    maxDelayMs: 300_000,
    jitter: Object.freeze([1, jitterHi] as const),
    attemptTimeoutMs: Infinity,
    maxElapsedMs: Infinity,
    maxRetryAfterMs: 300_000,
    retryStatuses: Object.freeze([408, 429, '5xx'] as const),
  });

/**
 * Three policies to start from. Nominal delays:
 *
 * - `default`: 2, 4, 8, 16, 32 s (62 s in all), each up to 25 % longer
 * - `aggressive`: 1, 1.5, 2.25, … ten of them (113.33 s in all), each up to 25 % longer
 * - `conservative`: 5, 10, 20 s (35 s in all), exactly
 */
export const presets = /* @__PURE__ */ Object.freeze({
  default: /* @__PURE__ */ preset(5, 2_000, 2, 1.25),
  aggressive: /* @__PURE__ */ preset(10, 1_000, 1.5, 1.25),
  conservative: /* @__PURE__ */ preset(3, 5_000, 2, 1),
});
