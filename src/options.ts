import type { AttemptContext } from './attempt.js';
import type { Clock } from './clock.js';
import type { Random } from './random.js';
import type { Report } from './report.js';
import type { Verdict } from './verdict/verdict.js';

/** What `onRetry` is told, after the decision and before the delay. */
export interface RetryEvent {
  /** What the attempt failed with (undefined if `classifyResult` refused its value). */
  readonly error: unknown;
  /** The attempt that failed, counted from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Since the call began. */
  readonly elapsedMs: number;
}

/** The options of one call, the third argument of `retry`. */
export interface RetryOptions<T = unknown> {
  /** Aborts the call: it rejects at once with `signal.reason`, whatever is going on. */
  readonly signal?: AbortSignal | null | undefined;
  /** The caller's word on a failure, before the built-in rules; undefined is no opinion. Synchronous. */
  readonly classify?: ((error: unknown, context: AttemptContext) => Verdict | undefined) | undefined;
  /** The caller's word on a value: any verdict makes it a failure. When retrying ends, the last value is returned. Synchronous. */
  readonly classifyResult?: ((value: T, context: AttemptContext) => Verdict | undefined) | undefined;
  /** Called before each delay. A promise is awaited, and its time counts. */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined;
  /** Called once, when the call ends, also with success. Not awaited: if it is asynchronous, its rejections are its own. */
  readonly onEnd?: ((report: Report) => void) | undefined;
  /** Where chance comes from. Default: a stream of its own for each call, with a fresh seed. */
  readonly random?: Random | undefined;
  /** Where time comes from. Default: the platform's. */
  readonly clock?: Clock | undefined;
  /** Timers of this call need not keep the process alive. Default false. */
  readonly unref?: boolean | undefined;
}
