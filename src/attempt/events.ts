import type { Verdict } from '../verdict/verdict.js';
import { defined } from './defined.js';
import type { FollowUp } from './judge.js';
import type { Reason } from './report.js';

/** What `onAttempt` gets after every attempt, the last one and a successful one included. */
export interface AttemptEvent {
  /** The option `name` of the call. Not there if it has none. */
  readonly name?: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** Of the policy that decided: `policyFor` may have chosen it. Most attempts are one more. */
  readonly maxRetries: number;
  /** `done`: a value that was accepted. `retry`: a failure, and a delay follows. `stop`: a failure, and the call ends. */
  readonly outcome: 'done' | 'retry' | 'stop';
  /** What the attempt failed with. Not there if it gave a value. */
  readonly error?: unknown;
  /** The value, accepted or refused. Not there if the attempt failed with an error. */
  readonly value?: unknown;
  /** What the failure means. Not there after a success, an abort, and a decider that threw. */
  readonly verdict?: Verdict;
  /** Whole milliseconds that the attempt took. */
  readonly durationMs: number;
  /** Whole milliseconds since the call began. */
  readonly elapsedMs: number;
  /** With `retry`: the delay before the next attempt. */
  readonly delayMs?: number;
  /** The hint that came with the failure, as it was given: it may be a fraction, or Infinity. */
  readonly hintMs?: number;
  /** With `stop`: why. */
  readonly reason?: Reason;
}

/** What `onRetry` gets, after the decision and before the delay: the event of the attempt, without what is always the same. */
export type RetryEvent = Omit<AttemptEvent, 'outcome' | 'verdict' | 'durationMs' | 'reason' | 'delayMs'> & {
  /** Whole milliseconds until the next attempt. */
  readonly delayMs: number;
};

/** What an attempt came to, as events and records show it: `error` or `value`, never both. */
export const shown = (failed: boolean, came: unknown): { error: unknown } | { value: unknown } =>
  failed ? { error: came } : { value: came };

/** The attempt that an event is about. */
export interface Attempted {
  readonly attempt: number;
  /** Whether the attempt threw; `came` is what it threw, or its value. */
  readonly failed: boolean;
  readonly came: unknown;
  /** Whole milliseconds that it took. */
  readonly durationMs: number;
}

/** @param elapsedMs from the start of the call to the end of the attempt, whole milliseconds. */
export const retryEvent = (
  name: string | null | undefined,
  { attempt, failed, came }: Attempted,
  elapsedMs: number,
  { maxRetries, delayMs, hintMs }: FollowUp,
): RetryEvent =>
  ({
    attempt,
    maxRetries,
    ...shown(failed, came),
    elapsedMs,
    ...defined({ name: name ?? undefined, delayMs, hintMs }),
  }) as RetryEvent;

export const attemptEvent = (
  name: string | null | undefined,
  attempted: Attempted,
  elapsedMs: number,
  next: FollowUp,
): AttemptEvent => ({
  ...retryEvent(name, attempted, elapsedMs, next),
  outcome: next.outcome,
  durationMs: attempted.durationMs,
  ...defined({ verdict: next.verdict, reason: next.reason }),
});

/**
 * Calls an observer, which changes nothing: `keep` gets what it throws, or what its promise rejects with. Resolves (or
 * returns undefined) when the observer has finished. Does not throw.
 */
export function observe<Event>(
  observer: (event: Event) => unknown,
  event: Event,
  keep: (hookError: unknown) => void,
): Promise<void> | undefined {
  try {
    const result = observer(event);
    if (Object(result) !== result) return undefined;
    return new Promise<void>((resolve) => resolve(result as undefined)).catch(keep);
  } catch (error) {
    keep(error);
    return undefined;
  }
}
