import type { RetryPolicy } from '../index.js';
import { freshSeed, show } from '../internal.js';
import { failureText } from './failure-text.js';
import { allLaws } from './laws/index.js';
import type { Law, LawName } from './laws/law.js';
import { defaultRetries, Observer } from './observer.js';
import type { ScheduleCheck, Violation } from './result.js';
import { type Subject, subjectOf } from './subject.js';

/** What `checkSchedule` checks, and the seed of its draws. */
export interface CheckOptions {
  /** The seed of all draws. The seed in a failure text replays the failure. A whole number. Default: a fresh seed for each check. */
  readonly seed?: number | undefined;
  /** Only these laws. Default: all. A law that does not apply to the subject passes. */
  readonly laws?: readonly LawName[] | undefined;
  /** The retries to ask delays for, counted from 1, rising. Default 1–64, 1 023–1 025, 1 100 and 1 000 000. */
  readonly retries?: readonly number[] | undefined;
  /** For `bounded-total`: the largest sum of all delays, in milliseconds. Default: no budget. */
  readonly budgetMs?: number | undefined;
}

/**
 * Checks a schedule against the laws. The same seed gives the same result, unless the subject draws its own random
 * numbers (`ownRandom`). A subject of that kind that keeps the laws fails less than once in 10^9 checks. This holds if
 * each sixteenth of its interval gets at least 1/64 of the delays, a quarter of its even share.
 *
 * @throws TypeError if `subject` is neither `{ delay: (retry, random) => ms }` nor a policy, or if `laws` has an
 *   unknown name.
 * @throws RangeError if `retries` is empty or not a list of rising whole numbers >= 1.
 */
export function checkSchedule(subject: Subject | RetryPolicy, options: CheckOptions = {}): ScheduleCheck {
  return check(subject, chosenLaws(options.laws), options);
}

/**
 * Like `checkSchedule`, for tests: throws if the schedule breaks a law. The message has the law in words, the smallest
 * counterexample and the call that replays it.
 *
 * @throws Error with the violations as its `cause`.
 * @throws TypeError and RangeError as `checkSchedule` does.
 */
export function assertSchedule(subject: Subject | RetryPolicy, options: CheckOptions = {}): void {
  const result = checkSchedule(subject, options);
  if (!result.ok) throw new Error(failureText(result), { cause: result.violations });
}

/** Checks one law. Returns its violation, or undefined if the subject keeps the law. */
export function violationOf(
  law: Law,
  subject: Subject | RetryPolicy,
  options: CheckOptions,
): Violation | undefined {
  return check(subject, [law], options).violations[0];
}

function check(
  subject: Subject | RetryPolicy,
  laws: readonly Law[],
  { seed = freshSeed() >>> 1, retries = defaultRetries, budgetMs }: CheckOptions,
): ScheduleCheck {
  const rising = retries.every((retry, at) => Number.isSafeInteger(retry) && retry > (retries[at - 1] ?? 0));
  if (!rising || retries.length === 0) {
    throw new RangeError(
      `retries: got ${show(retries)}; expected rising whole numbers from 1, such as [1, 2, 10]`,
    );
  }
  const observer = new Observer(subjectOf(subject), retries, seed, budgetMs);
  const violations = laws.flatMap((law): Violation[] => {
    const found = law.find(observer);
    return found ? [{ law: law.name, message: found.message, ...found.at, seed }] : [];
  });
  return { ok: violations.length === 0, violations, runs: observer.runs, seed };
}

function chosenLaws(names: readonly LawName[] | undefined): readonly Law[] {
  if (!names) return allLaws;
  const known = allLaws.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`laws: got ${show(unknown)}; expected names out of ${known.join(', ')}`);
  }
  return allLaws.filter(({ name }) => names.includes(name));
}
