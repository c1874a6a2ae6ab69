import type { RetryPolicy } from '../policy/policy.js';
import type { Clock } from '../time/clock.js';
import { at } from '../time/ticks.js';
import type { Attempt } from './context.js';
import { settle } from './run.js';
import { TimeoutError } from './timeout-error.js';

/** Whether a policy limits the time of an attempt, or of the whole call. */
export const isTimed = ({ attemptTimeoutMs, maxElapsedMs }: RetryPolicy): boolean =>
  attemptTimeoutMs < Infinity || maxElapsedMs < Infinity;

/** The result of an attempt that has a time limit. */
export interface Limited<T> {
  /** Rejects with a TimeoutError when the time is over first; a later result is ignored, and its rejection handled. */
  readonly result: Promise<T>;
  /** Whether the time was over first. */
  wasCutOff: boolean;
  /** Call this when the attempt is over: it cancels the timer. */
  readonly cancel: () => void;
}

/**
 * Holds an attempt to its time: `attemptTimeoutMs`, or what is left of `maxElapsedMs` if that is less. When the time is
 * over, the attempt's signal is aborted.
 *
 * @param beganMs when the attempt began, on this clock; by then `elapsedMs` had passed since the call began.
 * @param causeOf gives the error of the attempt before as `{ cause }`, for the TimeoutError.
 * @throws what the caller's clock throws.
 */
export function limited<T>(
  result: Promise<T>,
  context: Attempt,
  policy: RetryPolicy,
  beganMs: number,
  elapsedMs: number,
  clock: Clock,
  unref?: boolean | null,
  causeOf?: () => ErrorOptions | undefined,
): Limited<T> {
  const leftMs = Math.max(0, policy.maxElapsedMs - elapsedMs);
  const option = leftMs < policy.attemptTimeoutMs ? 'maxElapsedMs' : 'attemptTimeoutMs';
  let cutOff: (error: TimeoutError) => void;
  const first = new Promise<T>((resolve, reject) => {
    cutOff = reject;
    void settle(result, resolve, reject);
  });
  const onTimeUp = (): void => {
    const message = `Attempt ${context.attempt} was cut off by ${option} (${policy[option]})`;
    const error = new TimeoutError(message, causeOf?.());
    limit.wasCutOff = true;
    cutOff(error);
    context.abort(error);
  };
  let limit: Limited<T>;
  try {
    const dueMs = beganMs + Math.min(leftMs, policy.attemptTimeoutMs);
    limit = { result: first, wasCutOff: false, cancel: at(dueMs, onTimeUp, clock, unref) };
    return limit;
  } catch (error) {
    // The call is about to end, so the operation should stop. Its result is not needed any more.
    first.catch(() => {});
    context.abort(error);
    throw error;
  }
}
