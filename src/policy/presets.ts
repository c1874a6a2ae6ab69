import type { Jitter, RetryPolicy } from './policy.js';

// Plain literals: importing them pulls in no validation. A test holds them to the rules of `definePolicy`.
const preset = (
  maxRetries: number,
  baseDelayMs: number,
  factor: number,
  jitter: Jitter,
  others?: Partial<RetryPolicy>,
): RetryPolicy =>
  Object.freeze<RetryPolicy>({
    maxRetries,
    backoff: 'exponential',
    baseDelayMs,
    factor,
    maxDelayMs: 300_000,
    jitter: Object.freeze(jitter),
    attemptTimeoutMs: Infinity,
    maxElapsedMs: Infinity,
    maxRetryAfterMs: 300_000,
    retryStatuses: Object.freeze([408, 429, '5xx'] as const),
    ...others,
  });

/**
 * Four policies to start from. Nominal delays:
 *
 * - `default`: 2, 4, 8, 16, 32 s (62 s in all), each up to 25 % longer
 * - `aggressive`: 1, 1.5, 2.25, … ten of them (113.33 s in all), each up to 25 % longer
 * - `conservative`: 5, 10, 20 s (35 s in all), exactly
 * - `interactive`: 0.2, 0.4, 0.8 s (1.4 s in all), full jitter: for calls that a person waits for. Limits: 10 s for an
 *   attempt, 30 s for the call, 10 s for a hint. When every attempt times out, there is time for three.
 *
 * The first three have no time limits, and take hints of up to 300 s.
 */
export const presets = /* @__PURE__ */ Object.freeze({
  default: /* @__PURE__ */ preset(5, 2_000, 2, [1, 1.25]),
  aggressive: /* @__PURE__ */ preset(10, 1_000, 1.5, [1, 1.25]),
  conservative: /* @__PURE__ */ preset(3, 5_000, 2, [1, 1]),
  interactive: /* @__PURE__ */ preset(3, 200, 2, [0, 1], {
    maxDelayMs: 2_000,
    attemptTimeoutMs: 10_000,
    maxElapsedMs: 30_000,
    maxRetryAfterMs: 10_000,
  }),
});
