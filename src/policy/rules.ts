import { show } from '../show.js';
import { growth } from './backoff.js';
import { nearest } from './nearest.js';
import type { Jitter, RetryPolicy } from './policy.js';

/** What a value has to be: in words, as a test, where it is a list, what each entry has to be, and the texts it may be. */
export type Rule = readonly [
  allowed: string,
  holds: (value: any) => boolean,
  entries?: Rule | undefined,
  texts?: readonly string[],
];

/** A list from outside must not make its check long, nor the look at a failure's status. The words of the rules name it. */
const MOST_ENTRIES = 1_000;

const whole = (least: number, most = least, unit = 'whole milliseconds'): Rule => [
  `expected ${unit} >= ${least}, at most 2^53 - 1${most > least ? ', or Infinity (null in JSON)' : ''}`,
  (value) => (Number.isSafeInteger(value) && value >= least) || value === most,
];
const oneOf = (names: readonly string[], rest: string): string => `expected ${names.join(', ')}${rest}`;
const limit = /* @__PURE__ */ whole(0, Infinity);
const kinds = /* @__PURE__ */ Object.keys(growth);

/** Of the delays somebody writes down: `baseDelayMs`, and the entries of a list. */
export const delayRule = /* @__PURE__ */ whole(0);

/** The intervals that have a name. */
export const namedJitter: Readonly<Record<string, Jitter>> = {
  __proto__: null!,
  none: [1, 1],
  full: [0, 1],
  equal: [0.5, 1],
};

const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length <= MOST_ENTRIES;

/** Every key of a policy, and nothing inherited. Durations are whole milliseconds. */
export const rules = {
  __proto__: null,
  maxRetries: /* @__PURE__ */ whole(0, Infinity, 'a whole number'),
  backoff: [
    /* @__PURE__ */ oneOf(kinds, ', or a list of 1 to 1000 delays in ms'),
    (value) => (isList(value) ? value.length > 0 : kinds.includes(value)),
    delayRule,
    kinds,
  ],
  baseDelayMs: delayRule,
  factor: ['expected a number >= 1', (value) => Number.isFinite(value) && value >= 1],
  maxDelayMs: limit,
  jitter: [
    "expected 'none', 'full', 'equal', or a pair [lo, hi] with 0 <= lo <= hi and hi > 0, such as [0.5, 1]",
    (value) =>
      Array.isArray(value) &&
      value.length === 2 &&
      value.every(Number.isFinite) &&
      value[0] >= 0 &&
      value[1] >= value[0] &&
      value[1] > 0,
    undefined,
    /* @__PURE__ */ Object.keys(namedJitter),
  ],
  attemptTimeoutMs: /* @__PURE__ */ whole(1, Infinity),
  maxElapsedMs: limit,
  maxRetryAfterMs: limit,
  retryStatuses: [
    "expected a list of at most 1000: 100 to 999, '4xx' or '5xx'",
    isList,
    ["expected 100 to 999, '4xx' or '5xx'", (value) => value === '4xx' || value === '5xx' || isStatus(value)],
  ],
} satisfies { [Key in keyof RetryPolicy]: Rule } & { __proto__: null } as unknown as Readonly<
  Record<string, Rule | undefined>
>;

/** What a rule says to a value that does not hold. */
export function allowedBy([allowed, , entries, texts]: Rule, value: unknown): string {
  if (entries?.[1](value)) return `${allowed}; use [${show(value)}]`;
  const near = texts && typeof value === 'string' && nearest(value.slice(0, 60), texts);
  return near ? `${allowed}; use '${near}'` : allowed;
}

/** Whether a value can be a set of named things: no list, and no signal, promise, map or error put in the wrong place. */
export const isPlain = (value: unknown): value is object => ({}).toString.call(value) === '[object Object]';

export const isStatus = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 100 && (value as number) < 1000;
