import type { RetryPolicy } from '../index.js';
import { type CheckOptions, violationOf } from './check.js';
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

/** One law as a function. Returns the smallest counterexample, or undefined if the subject keeps the law or it does not apply. */
export type LawCheck = (subject: Subject | RetryPolicy, options?: CheckOptions) => Violation | undefined;

const alone =
  (law: Law): LawCheck =>
  (subject, options = {}) =>
    violationOf(law, subject, options);

/** Each law of `checkSchedule` as a function: `laws.withinCap(policy)`. */
export const laws = {
  /** Every delay is a whole number of milliseconds >= 0, never NaN or Infinity, also at retries 1 023, 1 025, 1 100 and 10^6. */
  finite: alone(finite),
  /** No delay is longer than `capMs`, jitter included. Needs `capMs`. */
  withinCap: alone(withinCap),
  /**
   * Where delays have reached the cap, at most a quarter of the clients wait exactly the longest delay. Needs `capMs`,
   * `jittered`, and a range of 100 ms or more at the cap: the range that the subject claims, or else one in proportion to
   * the ranges below the cap.
   */
  spreadAtCap: alone(spreadAtCap),
  /**
   * Below the cap, too, at most a quarter of the clients wait exactly the longest delay. Where the range is 100 ms or
   * more, delays come within a sixth of both ends and leave no gap wider than a sixth. Needs `jittered`.
   */
  spread: alone(spread),
  /** Neither the shortest nor the longest delay shrinks from one retry to the next. Does not apply to lists. */
  monotone: alone(monotone),
  /** The first delay is the base, or an interval around it, within 1 ms. A cap below the base counts as the base. Needs `baseMs`. Does not apply to lists. */
  firstIsBase: alone(firstIsBase),
  /** The same retry with the same draw gives the same delay, in any order of calls. Does not apply with `ownRandom`. */
  deterministic: alone(deterministic),
  /** The longest delays of all retries add up to at most `budgetMs`. Without `maxRetries`, the first 100 000 count. Needs `budgetMs`. */
  boundedTotal: alone(boundedTotal),
} as const;
