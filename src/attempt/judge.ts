import { decide } from '../decide.js';
import { resolvePolicy } from '../policy/define.js';
import type { PolicySpec, RetryPolicy } from '../policy/policy.js';
import type { Random } from '../random.js';
import type { Clock } from '../time/clock.js';
import { judge } from '../verdict/classify.js';
import { checkVerdict, handled, hintOf, type Verdict } from '../verdict/verdict.js';
import type { AttemptContext } from './context.js';
import type { Reason } from './report.js';

/** The caller's functions that decide what a failure means. What they throw ends the call or the job. */
export interface Deciders<T = unknown> {
  /**
   * Called first for each failure. Return a verdict, or undefined to use the built-in rules. Synchronous: a promise is a
   * TypeError.
   */
  readonly classify?: ((error: unknown, context: AttemptContext) => Verdict | undefined) | null | undefined;
  /**
   * Called for each value. A verdict makes the value a failure; undefined accepts it. When retrying ends, the call
   * returns the last value. Synchronous.
   */
  readonly classifyResult?: ((value: T, context: AttemptContext) => Verdict | undefined) | null | undefined;
  /**
   * Chooses the policy of one decision, for example a patient one after a 429. Gets the error, or the value that
   * `classifyResult` refused. Undefined keeps the policy of the call. The attempts have one counter: the call stops when
   * `attempt` is above the `maxRetries` of the chosen policy. Time limits stay those of the call. Synchronous.
   */
  readonly policyFor?:
    | ((failure: unknown, context: AttemptContext) => PolicySpec | undefined)
    | null
    | undefined;
}

/** What follows an attempt. */
export interface FollowUp {
  readonly outcome: 'done' | 'retry' | 'stop';
  /** Of the policy that decided. */
  readonly maxRetries: number;
  /** Not there after a value that was accepted, and when a decider threw. */
  readonly verdict?: Verdict | undefined;
  /** With `retry`. */
  readonly delayMs?: number | undefined;
  readonly hintMs?: number | undefined;
  /** With `stop`. */
  readonly reason?: Reason | undefined;
  /** With the reason `hook-failed`: what a decider, or `random`, threw. */
  readonly hookError?: unknown;
}

/** What judging needs besides the attempt. */
export interface Rules<T> {
  /** The policy of the call or the job. */
  readonly policy: RetryPolicy;
  readonly deciders: Deciders<T>;
  readonly random: Random;
  readonly clock: Pick<Clock, 'wallNow'>;
}

/**
 * Judges an attempt: the caller's deciders first, then the built-in rules, then `decide`. Does not throw: what a decider
 * throws is the reason `hook-failed`.
 *
 * @param came what the attempt threw (`failed`), or its value.
 */
export function followUp<T>(
  failed: boolean,
  came: unknown,
  context: AttemptContext,
  elapsedMs: number,
  { policy, deciders, random, clock }: Rules<T>,
): FollowUp {
  let { maxRetries } = policy;
  try {
    let verdict: Verdict | undefined;
    if (!failed) {
      verdict = checkVerdict(deciders.classifyResult?.(came as T, context), 'classifyResult');
      if (verdict === undefined) return { outcome: 'done', maxRetries };
    }
    const chosen = chosenPolicy(deciders.policyFor?.(came, context), policy);
    ({ maxRetries } = chosen);
    verdict ??= checkVerdict(deciders.classify?.(came, context), 'classify') ?? judge(came, chosen, clock);
    const hintMs = hintOf(verdict);
    const decision = decide(chosen, { verdict, attempt: context.attempt, elapsedMs }, random);
    // Written out: a spread of the decision would cost a tenth of a retry.
    return decision.retry
      ? { outcome: 'retry', maxRetries, verdict, hintMs, delayMs: decision.delayMs }
      : { outcome: 'stop', maxRetries, verdict, hintMs, reason: decision.reason };
  } catch (hookError) {
    return { outcome: 'stop', maxRetries, reason: 'hook-failed', hookError };
  }
}

/** The policy that decides: the chosen one, with the time limits of the call. */
function chosenPolicy(chosen: PolicySpec | undefined, policy: RetryPolicy): RetryPolicy {
  if (chosen === undefined) return policy;
  handled(chosen);
  const { attemptTimeoutMs, maxElapsedMs } = policy;
  return { ...resolvePolicy(chosen), attemptTimeoutMs, maxElapsedMs };
}
