import { delayFor, delayRange, type Random, type RetryPolicy } from '../index.js';

/** Anything that gives a delay for a retry: a formula of your own, another library behind a wrapper, a queue's SQL. */
export interface Subject {
  /** The delay in milliseconds before retry 1, 2, …; all its chance comes from `random`, unless `ownRandom` is set. */
  delay(retry: number, random: Random): number;
  /** No delay may be longer. Left out: no cap, and the two laws about the cap have nothing to judge. */
  readonly capMs?: number | undefined;
  /** The delay the schedule starts from. Left out: `first-is-base` has nothing to judge. */
  readonly baseMs?: number | undefined;
  /** Whether delays are meant to vary. Default false: the two laws about spread have nothing to judge. */
  readonly jittered?: boolean | undefined;
  /** Draws its own chance, so that delays can only be sampled: judged by statistics. Default false. */
  readonly ownRandom?: boolean | undefined;
  /** A list somebody wrote down: it may fall, and begin anywhere. Default false. */
  readonly list?: boolean | undefined;
  /** Most retries, for `bounded-total`. Default Infinity. */
  readonly maxRetries?: number | undefined;
  /** The limits it claims for a retry. Left out: taken from the delays themselves. */
  range?(retry: number): { readonly minMs: number; readonly maxMs: number };
}

/** A subject as the laws see it: a policy speaks for itself. */
export function subjectOf(subject: Subject | RetryPolicy): Subject {
  if ('delay' in subject) return subject;
  const listed = typeof subject.backoff !== 'string';
  return {
    delay: (retry, random) => delayFor(subject, retry, random),
    range: (retry) => delayRange(subject, retry),
    capMs: capOf(subject),
    baseMs: listed ? undefined : firstDelay(subject),
    jittered: subject.backoff === 'decorrelated' || subject.jitter[0] < subject.jitter[1],
    list: listed,
    maxRetries: subject.maxRetries,
  };
}

const capOf = (policy: RetryPolicy): number => Math.min(policy.maxDelayMs, Number.MAX_SAFE_INTEGER);

/** What the first interval must hold: the base fitted under the cap, or the nearest end of an interval that leaves out 1. */
function firstDelay(policy: RetryPolicy): number {
  const cap = capOf(policy);
  if (policy.backoff === 'decorrelated') return Math.min(policy.baseDelayMs, cap);
  const [lo, hi] = policy.jitter;
  return Math.min(policy.baseDelayMs, cap / hi) * Math.min(Math.max(1, lo), hi);
}
