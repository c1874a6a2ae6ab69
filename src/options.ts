import type { AttemptEvent, RetryEvent } from './attempt/events.js';
import type { Deciders } from './attempt/judge.js';
import type { Report } from './attempt/report.js';
import type { Random } from './random.js';
import type { Clock } from './time/clock.js';

/**
 * The options of one call, the third argument of `retry`. `null` and undefined are the same as not given.
 *
 * Deciders (`classify`, `classifyResult`, `policyFor`, `onRetry`) take part in the decision: one that throws ends the call
 * with that error, reason `hook-failed`. Observers (`onAttempt`, `onEnd`) change nothing, whatever they throw.
 */
export interface RetryOptions<T = unknown> extends Deciders<T> {
  /** Aborts the call: it rejects at once with `signal.reason`, during an attempt as well as during a delay. */
  readonly signal?: AbortSignal | null | undefined;
  /**
   * Observer: called after every attempt, the last one and a successful one included. Not awaited. What it throws is
   * `hookError` in the attempt's record.
   */
  readonly onAttempt?: ((event: AttemptEvent) => unknown) | null | undefined;
  /**
   * Decider: called before each delay. It vetoes the retry by throwing. A promise is awaited before the delay, its time
   * counts, and if it never settles the call ends at `maxElapsedMs`.
   */
  readonly onRetry?: ((event: RetryEvent) => unknown) | null | undefined;
  /**
   * Observer: called once when the call ends, also with success. Not awaited. What it throws is `hookError` in the record
   * of the last attempt.
   */
  readonly onEnd?: ((report: Report) => unknown) | null | undefined;
  /** A name for people and metrics, in every event. Use few values, and never an id. Default: none. */
  readonly name?: string | null | undefined;
  /** Where random numbers come from. Default: a stream with a fresh seed for each call. */
  readonly random?: Random | null | undefined;
  /** Where time comes from. Default: the platform. */
  readonly clock?: Clock | null | undefined;
  /** With true, the timers of this call do not keep the process alive. Default false. */
  readonly unref?: boolean | null | undefined;
}
