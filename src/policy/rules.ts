import { growth } from './backoff.js';
import type { Jitter, RetryPolicy } from './policy.js';

/** What a value has to be: in words, as a test, and where it is a list, what each entry has to be. */
export type Rule = readonly [allowed: string, holds: (value: any) => boolean, entries?: Rule];

const whole = (least: number, most = least): Rule => [
  `a whole number >= ${least}${most > least ? ' or Infinity' : ''}`,
  (value) => (Number.isSafeInteger(value) && value >= least) || value === most,
];
const limit = /* @__PURE__ */ whole(0, Infinity);
const kinds = /* @__PURE__ */ Object.keys(growth);

/** Of the delays somebody writes down: `baseDelayMs`, and the entries of a list. */
export const delayRule = /* @__PURE__ */ whole(0);

/** The intervals that have a name. */
export const namedJitter: Readonly<Record<string, Jitter>> = { none: [1, 1], full: [0, 1], equal: [0.5, 1] };

/** Every key of a policy, and nothing inherited. Durations are whole milliseconds. */
export const rules = {
  __proto__: null,
  maxRetries: limit,
  backoff: [
    /* @__PURE__ */ kinds.join(', ').concat(', or a list of ms'),
    (value) => (Array.isArray(value) ? value.length > 0 : kinds.includes(value)),
    delayRule,
  ],
  baseDelayMs: delayRule,
  factor: ['a number >= 1', (value) => Number.isFinite(value) && value >= 1],
  maxDelayMs: limit,
  jitter: [
    'none, full, equal, or [lo, hi]: 0 <= lo <= hi > 0',
    (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      value.every(Number.isFinite) &&
      value[0] >= 0 &&
      value[1] >= value[0] &&
      value[1] > 0,
  ],
  attemptTimeoutMs: /* @__PURE__ */ whole(1, Infinity),
  maxElapsedMs: limit,
  maxRetryAfterMs: limit,
  retryStatuses: [
    "a list of 100 to 999, '4xx' or '5xx'",
    Array.isArray,
    ["100 to 999, '4xx' or '5xx'", (value) => value === '4xx' || value === '5xx' || isStatus(value)],
  ],
} satisfies { [Key in keyof RetryPolicy]: Rule } & { __proto__: null } as unknown as Readonly<
  Record<string, Rule | undefined>
>;

/** Whether a value can be a set of named things: no list, and no signal, promise, map or error put in the wrong place. */
export const isPlain = (value: unknown): value is object => ({}).toString.call(value) === '[object Object]';

export const isStatus = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 100 && (value as number) < 1000;
