import type { Jitter, RetryPolicy } from './policy.js';

/** What one key of a policy may hold: the words for a message, and the test of it. */
export interface Rule {
  readonly allowed: string;
  readonly holds: (value: any) => boolean;
  /** Infinity is allowed and means no limit (JSON has only null for it). */
  readonly unlimited?: boolean;
  /** What each entry may be, where the value is a list. */
  readonly entries?: Rule;
}

const whole = (least: number, unlimited: boolean): Rule => ({
  allowed: `a whole number >= ${least}${unlimited ? ' or Infinity' : ''}`,
  holds: (value) => (Number.isSafeInteger(value) && value >= least) || (unlimited && value === Infinity),
  unlimited,
});

/** The intervals that have a name. */
export const namedJitter: Readonly<Record<string, Jitter>> = { none: [1, 1], full: [0, 1], equal: [0.5, 1] };

/** Every key of a policy with its rule. Durations are whole milliseconds. */
export const rules: { readonly [Key in keyof RetryPolicy]: Rule } = {
  maxRetries: /* @__PURE__ */ whole(0, true),
  backoff: {
    allowed: 'constant, linear, exponential, fibonacci, decorrelated, or a list of ms, not empty',
    holds: (value) =>
      Array.isArray(value)
        ? value.length > 0
        : typeof value === 'string' && /^(constant|linear|exponential|fibonacci|decorrelated)$/.test(value),
    entries: /* @__PURE__ */ whole(0, false),
  },
  baseDelayMs: /* @__PURE__ */ whole(0, false),
  factor: { allowed: 'a number >= 1', holds: (value) => Number.isFinite(value) && value >= 1 },
  maxDelayMs: /* @__PURE__ */ whole(0, true),
  jitter: {
    allowed: 'none, full, equal, or [lo, hi] with 0 <= lo <= hi and hi > 0',
    holds: (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      Number.isFinite(value[0]) &&
      Number.isFinite(value[1]) &&
      0 <= value[0] &&
      value[0] <= value[1] &&
      0 < value[1],
  },
  attemptTimeoutMs: /* @__PURE__ */ whole(1, true),
  maxElapsedMs: /* @__PURE__ */ whole(0, true),
  maxRetryAfterMs: /* @__PURE__ */ whole(0, true),
  retryStatuses: {
    allowed: "a list such as [408, 429, '5xx']",
    holds: Array.isArray,
    entries: {
      allowed: "100 to 599, '4xx' or '5xx'",
      holds: (value) =>
        value === '4xx' || value === '5xx' || (Number.isInteger(value) && value >= 100 && value < 600),
    },
  },
};
