import { delayFor, delayRange, presets, type Random, type RetryPolicy } from '../index.js';
import { isPlain, resolvePolicy, show } from '../internal.js';

/** Anything that gives a delay for a retry: your own formula, another library behind a wrapper, or a queue's SQL. */
export interface Subject {
  /** The delay in milliseconds before retry 1, 2, …. All its random numbers come from `random`, unless `ownRandom` is set. */
  delay(retry: number, random: Random): number;
  /** The longest delay that is allowed, in milliseconds. Default: no cap; the two laws about the cap do not apply. */
  readonly capMs?: number | undefined;
  /** The delay that the schedule starts from, in milliseconds. Default: none; `first-is-base` does not apply. */
  readonly baseMs?: number | undefined;
  /** Whether delays should vary. Default false: the two laws about spread do not apply. */
  readonly jittered?: boolean | undefined;
  /** The subject draws its own random numbers. Then the laws are checked with statistics. Default false. */
  readonly ownRandom?: boolean | undefined;
  /** The delays are a written list, which may fall and may start anywhere. Default false. */
  readonly list?: boolean | undefined;
  /** The largest number of retries, for `bounded-total`. Default Infinity. */
  readonly maxRetries?: number | undefined;
  /** The limits that the subject claims for the delays of a retry. Default: the limits of the delays that were seen. */
  range?(retry: number): { readonly minMs: number; readonly maxMs: number };
}

/** A subject as the laws need it. */
export function subjectOf(subject: Subject | RetryPolicy): Subject {
  checkKind(subject);
  return 'delay' in subject ? checkedSubject(subject) : subjectOfPolicy(checkedPolicy(subject));
}

const expected = 'expected { delay: fn } or a policy';

function checkKind(subject: unknown): asserts subject is object {
  const isObject = typeof subject === 'object' && subject !== null;
  if (isObject && ('delay' in subject || (isPlain(subject) && !('then' in subject)))) return;
  throw new TypeError(`subject: got ${kindOf(subject)}; ${expected}${hintFor(subject)}`);
}

function kindOf(subject: unknown): string {
  if (Object(subject) !== subject || typeof subject === 'function') return show(subject);
  if (Array.isArray(subject)) return 'a list';
  return 'then' in (subject as object) ? 'a promise' : 'an object that is not plain';
}

/** What the caller probably meant, for the end of a message. */
function hintFor(subject: unknown): string {
  if (typeof subject === 'function') return '; pass { delay: fn } with this function as fn';
  if (typeof subject === 'string' && Object.hasOwn(presets, subject)) return `; pass presets.${subject}`;
  if (Array.isArray(subject)) return '; pass definePolicy({ backoff: list }) for a list of delays';
  if (typeof subject === 'object' && subject !== null && 'then' in subject) return '; await it first';
  return '';
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && value >= 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';

/** The optional fields of a subject: what they may hold, in words and as a check. */
const fields: Readonly<
  Record<Exclude<keyof Subject, 'delay'>, readonly [string, (value: unknown) => boolean]>
> = {
  capMs: ['milliseconds >= 0', isNumber],
  baseMs: ['milliseconds >= 0', isNumber],
  maxRetries: ['a number >= 0', isNumber],
  jittered: ['true or false', isBoolean],
  ownRandom: ['true or false', isBoolean],
  list: ['true or false', isBoolean],
  range: ['a function (retry) => ({ minMs, maxMs })', (value) => typeof value === 'function'],
};

function checkedSubject(subject: Subject): Subject {
  const given = subject as { readonly [Key in keyof Subject]: unknown };
  if (typeof given.delay !== 'function') {
    throw new TypeError(`subject.delay: got ${show(given.delay)}; expected a function (retry, random) => ms`);
  }
  for (const [key, [allowed, holds]] of Object.entries(fields)) {
    const value = given[key as keyof Subject];
    if (value !== undefined && !holds(value)) {
      throw new TypeError(`subject.${key}: got ${show(value)}; expected ${allowed}, or leave it out`);
    }
  }
  return subject;
}

function checkedPolicy(policy: RetryPolicy): RetryPolicy {
  try {
    return resolvePolicy(policy);
  } catch (error) {
    const { message } = error as Error;
    throw new TypeError(`subject: got an object without delay; ${expected}. ${message}`, { cause: error });
  }
}

function subjectOfPolicy(policy: RetryPolicy): Subject {
  const listed = typeof policy.backoff !== 'string';
  return {
    delay: (retry, random) => delayFor(policy, retry, random),
    range: (retry) => delayRange(policy, retry),
    capMs: capOf(policy),
    baseMs: listed ? undefined : firstDelay(policy),
    jittered: policy.backoff === 'decorrelated' || policy.jitter[0] < policy.jitter[1],
    list: listed,
    maxRetries: policy.maxRetries,
  };
}

const capOf = (policy: RetryPolicy): number => Math.min(policy.maxDelayMs, Number.MAX_SAFE_INTEGER);

/** A delay that the first interval must contain: the base under the cap, or the interval's nearer end if it leaves out 1. */
function firstDelay(policy: RetryPolicy): number {
  const cap = capOf(policy);
  if (policy.backoff === 'decorrelated') return Math.min(policy.baseDelayMs, cap);
  const [lo, hi] = policy.jitter;
  return Math.min(policy.baseDelayMs, cap / hi) * Math.min(Math.max(1, lo), hi);
}
