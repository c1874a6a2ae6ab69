import { Attempt } from './attempt.js';
import { Call, type Operation } from './call.js';
import { nextDelay, pastDeadline, type StopReason } from './decide.js';
import { checkOptions, type RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import type { Reason } from './report.js';
import type { Verdict } from './verdict/verdict.js';

/**
 * Calls the operation, and calls it again while the policy allows.
 *
 * Resolves with its first value. Rejects with the last thing it threw, unchanged, whatever that is (`reportOf` tells
 * what happened), or at once with `signal.reason` when the caller aborts. A bare spec works as a policy and is checked
 * before the first attempt; without one it is `presets.default`. Wrong input rejects with a TypeError.
 */
export function retry<T>(
  operation: Operation<T>,
  policy?: PolicySpec,
  options?: RetryOptions<T>,
): Promise<T> {
  try {
    const resolved = resolvePolicy(policy);
    if (options) checkOptions(options);
    else if (resolved.attemptTimeoutMs === Infinity && resolved.maxElapsedMs === Infinity) {
      return unwatched(operation, resolved);
    }
    return persist(new Call(operation, resolved, options));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Where nothing can interrupt an attempt, all the rest is made when the first one has failed: most calls never fail. */
function unwatched<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const startMs = performance.now();
  const context = new Attempt(1);
  let first: Promise<T>;
  try {
    first = Promise.resolve(operation(context));
  } catch (error) {
    first = Promise.reject(error);
  }
  return first.then(undefined, () =>
    persist(new Call(operation, policy, undefined, startMs, context), first),
  );
}

/** The loop. Each guard is one paragraph, in the order in which they win. */
async function persist<T>(call: Call<T>, first?: Promise<T>): Promise<T> {
  const { policy, options } = call;
  for (let begun = first; ; begun = undefined) {
    // Aborted before the attempt: the operation is not called.
    if (call.isAborted) return end(call, 'aborted', true, call.abortReason);

    let outcome: unknown;
    let failed = false;
    try {
      outcome = await (begun ?? call.begin());
    } catch (thrown) {
      outcome = thrown;
      failed = true;
    }
    call.endAttempt(failed, outcome);

    // Aborted during the attempt: whatever it came to does not count.
    if (call.isAborted) return end(call, 'aborted', true, call.abortReason);

    let verdict: Verdict | undefined;
    let next: number | StopReason = 0;
    try {
      // Judged, by the caller first.
      verdict = failed ? call.judged(outcome) : call.judgedResult(outcome as T);
      // Decided.
      if (verdict !== undefined) {
        next = nextDelay(policy, verdict, call.attempt, call.elapsedMs(), call.chance);
      }
    } catch (thrown) {
      return end(call, 'hook-failed', true, thrown);
    }

    // Succeeded: a value that nobody objects to.
    if (verdict === undefined) return end(call, undefined, false, outcome);

    // Not retryable, out of retries, told to wait too long, or out of time.
    if (typeof next === 'string') return end(call, next, failed, outcome);

    // Announced. A hook may take its time, and that counts.
    if (options.onRetry) {
      try {
        await call.announce(failed ? outcome : undefined, next);
      } catch (thrown) {
        if (call.isAborted) return end(call, 'aborted', true, call.abortReason);
        return end(call, 'hook-failed', true, thrown);
      }
      if (pastDeadline(policy, call.elapsedMs(), next)) return end(call, 'deadline', failed, outcome);
    }

    // Waited, unless the caller aborts; then the deadline once more, for a timer may be late.
    await call.delay(next);
    if (!call.isAborted && pastDeadline(policy, call.elapsedMs(), 0))
      return end(call, 'deadline', failed, outcome);
  }
}

/** Ends the call with what its last attempt came to: an error, or a value. */
function end<T>(call: Call<T>, reason: Reason | undefined, failed: boolean, outcome: unknown): T {
  call.end(reason, outcome);
  if (failed) throw outcome;
  return outcome as T;
}
