import type { Jitter, RetryPolicy } from './policy.js';

/** What one key of a policy may hold: the words for a message, and the test of it. */
export interface Rule {
  readonly allowed: string;
  readonly holds: (value: unknown) => boolean;
  /** Infinity is allowed and means no limit (JSON has only null for it). */
  readonly unlimited?: boolean;
  /** What each entry may be, where the value is a list. */
  readonly entries?: Rule;
}

const whole = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;

const count: Rule = { allowed: 'a whole number >= 0', holds: (value) => whole(value, 0) };

const limit = (least: number): Rule => ({
  allowed: `a whole number >= ${least}, or Infinity`,
  holds: (value) => value === Infinity || whole(value, least),
  unlimited: true,
});

const kinds = ['constant', 'linear', 'exponential', 'fibonacci', 'decorrelated'];

/** Every key of a policy with its rule, in the order a policy is written. Durations are whole milliseconds. */
export const rules: { readonly [Key in keyof RetryPolicy]: Rule } = {
  maxRetries: limit(0),
  backoff: {
    allowed: `one of ${kinds.join(', ')}, or a list of ms that is not empty`,
    holds: (value) => (Array.isArray(value) ? value.length > 0 : kinds.includes(value as string)),
    entries: count,
  },
  baseDelayMs: count,
  factor: {
    allowed: 'a number >= 1',
    holds: (value) => Number.isFinite(value) && (value as number) >= 1,
  },
  maxDelayMs: limit(0),
  jitter: {
    allowed: 'none, full, equal, or [lo, hi] with 0 <= lo <= hi and hi > 0',
    holds: (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      [...value].every(Number.isFinite) &&
      value[0] >= 0 &&
      value[1] >= value[0] &&
      value[1] > 0,
  },
  attemptTimeoutMs: limit(1),
  maxElapsedMs: limit(0),
  maxRetryAfterMs: limit(0),
  retryStatuses: {
    allowed: "a list such as [408, 429, '5xx']",
    holds: Array.isArray,
    entries: {
      allowed: "a status from 100 to 599, '4xx' or '5xx'",
      holds: (value) => value === '4xx' || value === '5xx' || (whole(value, 100) && (value as number) < 600),
    },
  },
};

/** The intervals that have a name. */
export const namedJitter: ReadonlyMap<unknown, Jitter> = /* @__PURE__ */ new Map<unknown, Jitter>([
  ['none', [1, 1]],
  ['full', [0, 1]],
  ['equal', [0.5, 1]],
]);
