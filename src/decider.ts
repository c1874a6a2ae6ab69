import { Attempt } from './attempt/context.js';
import { type Deciders, followUp } from './attempt/judge.js';
import { checkOptions } from './check-options.js';
import type { Decision, StopReason } from './decide.js';
import { resolvePolicy } from './policy/define.js';
import { callOptions } from './policy/names.js';
import type { PolicySpec } from './policy/policy.js';
import { type Random, unseeded } from './random.js';
import type { Clock } from './time/clock.js';
import { systemClock } from './time/system-clock.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, type Verdict } from './verdict/verdict.js';

/** The options of `verdictOf`. */
export interface VerdictOptions {
  /** As in `retry`: asked before the built-in rules. Its context has attempt 1. */
  readonly classify?: Deciders['classify'];
  /** Tells the time for hints that name an instant. Default: the platform. */
  readonly clock?: Pick<Clock, 'wallNow'> | null | undefined;
}

/** The options of `decider`. */
export interface DeciderOptions {
  readonly classify?: Deciders['classify'];
  readonly policyFor?: Deciders['policyFor'];
  /** Where random numbers come from. Default: unpredictable ones. */
  readonly random?: Random | null | undefined;
  readonly clock?: Pick<Clock, 'wallNow'> | null | undefined;
}

/**
 * What `retry` itself thinks of an error: marks, aborts, HTTP statuses, hints and causes. For your own retry loop, or for
 * a host that takes a verdict.
 *
 * @param policyOrSpec only its `retryStatuses` have an effect. Default `presets.default`.
 * @throws TypeError for a wrong policy, wrong options and a wrong return value of `classify`; and what `classify` throws.
 */
export function verdictOf(
  error: unknown,
  policyOrSpec?: PolicySpec,
  options?: VerdictOptions | null,
): Verdict {
  const policy = resolvePolicy(policyOrSpec);
  // Of the clock only `wallNow` is used.
  const kinds = { classify: callOptions.classify, clock: '' } as const;
  if (options) checkOptions(options, kinds, 'options of verdictOf');
  const { classify, clock } = options ?? {};
  return (
    checkVerdict(classify?.(error, new Attempt(1)), 'classify') ?? judge(error, policy, clock ?? systemClock)
  );
}

/** How many decisions on one error object are kept: a host asks twice about the latest attempt, not about old ones. */
const KEPT = 16;

/**
 * The decision of `retry` as a function, for the retry loop of another library. The function takes the error and the
 * number of the failed attempt (from 1), and returns a delay or the reason to stop.
 *
 * The same error object with the same attempt gives the same decision, because some hosts ask twice. A thrown primitive
 * is decided anew. Without `elapsedMs`, `maxElapsedMs` limits each delay alone.
 *
 * The function throws what `classify`, `policyFor` or `random` throw.
 *
 * @throws TypeError at once for a wrong policy and for wrong options.
 */
export function decider(
  policy?: PolicySpec,
  options?: DeciderOptions | null,
): (error: unknown, attempt: number, elapsedMs?: number) => Decision {
  const kinds = {
    classify: callOptions.classify,
    policyFor: callOptions.policyFor,
    random: callOptions.random,
    clock: '',
  } as const;
  if (options) checkOptions(options, kinds, 'options of decider');
  const { classify, policyFor, random, clock } = options ?? {};
  const rules = {
    policy: resolvePolicy(policy),
    deciders: { classify, policyFor },
    random: random ?? unseeded,
    clock: clock ?? systemClock,
  };
  const known = new WeakMap<object, Map<number, Decision>>();

  const decideOn = (error: unknown, attempt: number, elapsedMs: number): Decision => {
    const next = followUp(true, error, new Attempt(attempt), elapsedMs, rules);
    if (next.outcome === 'retry') return Object.freeze({ retry: true, delayMs: next.delayMs! });
    if (next.reason === 'hook-failed') throw next.hookError;
    return { retry: false, reason: next.reason as StopReason };
  };

  return (error, attempt, elapsedMs = 0) => {
    if (Object(error) !== error) return decideOn(error, attempt, elapsedMs);
    const decisions = known.get(error as object) ?? new Map<number, Decision>();
    known.set(error as object, decisions);
    const decision = decisions.get(attempt) ?? decideOn(error, attempt, elapsedMs);
    decisions.set(attempt, decision);
    if (decisions.size > KEPT) decisions.delete(decisions.keys().next().value!);
    return decision;
  };
}
