import type { RetryPolicy } from '../index.js';
import { type CheckOptions, judge } from './check.js';
import { boundedTotal } from './laws/bounded-total.js';
import { deterministic } from './laws/deterministic.js';
import { finite } from './laws/finite.js';
import { firstIsBase } from './laws/first-is-base.js';
import type { Law } from './laws/law.js';
import { monotone } from './laws/monotone.js';
import { spread, spreadAtCap } from './laws/spread.js';
import { withinCap } from './laws/within-cap.js';
import type { Violation } from './result.js';
import type { Subject } from './subject.js';

/** A law to call by itself: the smallest counterexample, or undefined if the subject keeps it (or it does not apply). */
export type LawCheck = (subject: Subject | RetryPolicy, options?: CheckOptions) => Violation | undefined;

const alone =
  (law: Law): LawCheck =>
  (subject, options = {}) =>
    judge(law, subject, options);

/** The laws of `checkSchedule`, each by itself: `laws.withinCap(policy)`. */
export const laws = {
  /** Every delay is a whole number of milliseconds, 0 or more, never NaN or Infinity: also at retry 1 023, 1 025, 1 100 and 10^6. */
  finite: alone(finite),
  /** No delay is longer than `capMs`, jitter included. Needs `capMs`. */
  withinCap: alone(withinCap),
  /**
   * Where delays have reached the cap, no more than a quarter of the clients wait exactly as long as the cap. Needs
   * `capMs` and `jittered`, and a range of 100 ms at the cap (the one claimed, or in proportion to the delays below it).
   */
  spreadAtCap: alone(spreadAtCap),
  /**
   * Below the cap likewise; and wherever the range is 100 ms or more, delays come within a sixth of both its ends and
   * leave no gap of more than a sixth between them. Needs `jittered`.
   */
  spread: alone(spread),
  /** From retry to retry neither the shortest nor the longest delay shrinks. Not for lists. */
  monotone: alone(monotone),
  /** The first delay is the base (the cap, if that is less), or an interval that holds it, within 1 ms. Needs `baseMs`. Not for lists. */
  firstIsBase: alone(firstIsBase),
  /** The same retry with the same draw gives the same delay, in whatever order they are asked for. Not for `ownRandom`. */
  deterministic: alone(deterministic),
  /** The longest delays of all retries (of the first 100 000, if there is no end) add up to `budgetMs` at the most. Needs `budgetMs`. */
  boundedTotal: alone(boundedTotal),
} as const;
