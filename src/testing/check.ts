import type { RetryPolicy } from '../index.js';
import { freshSeed } from '../internal.js';
import { failureText } from './failure-text.js';
import { allLaws } from './laws/index.js';
import type { Law, LawName } from './laws/law.js';
import { defaultRetries, Observer } from './observer.js';
import type { ScheduleCheck, Violation } from './result.js';
import { type Subject, subjectOf } from './subject.js';

/** What to check, and from where chance starts. */
export interface CheckOptions {
  /** Where the draws start: the seed of a failure text replays it. A whole number; default: a fresh one each time. */
  readonly seed?: number | undefined;
  /** Only these laws. Default: all; those that have nothing to judge on a subject pass. */
  readonly laws?: readonly LawName[] | undefined;
  /** The retries probed, counted from 1. Default 1–64, 1 023–1 025, 1 100 and 1 000 000. */
  readonly retries?: readonly number[] | undefined;
  /** For `bounded-total`: what all delays together may come to, in milliseconds. Default: no budget. */
  readonly budgetMs?: number | undefined;
}

/**
 * Puts a schedule before the laws. The same seed gives the same judgement, unless the subject draws its own chance.
 * A lawful subject of that kind is convicted less than once in 10^9 checks, provided that every sixteenth of its
 * interval gets at least a quarter of its even share of the delays.
 *
 * @throws RangeError if `retries` is empty or holds anything but rising whole numbers >= 1.
 */
export function checkSchedule(subject: Subject | RetryPolicy, options: CheckOptions = {}): ScheduleCheck {
  const { laws } = options;
  return check(subject, laws ? allLaws.filter(({ name }) => laws.includes(name)) : allLaws, options);
}

/**
 * Like `checkSchedule`, for tests: throws if a law is broken, with the law in words, the smallest counterexample and
 * how to replay it.
 *
 * @throws Error with the violations as its `cause`.
 */
export function assertSchedule(subject: Subject | RetryPolicy, options: CheckOptions = {}): void {
  const result = checkSchedule(subject, options);
  if (!result.ok) throw new Error(failureText(result), { cause: result.violations });
}

/** One law by itself: its first violation, or undefined if the subject keeps it. */
export function judge(
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
    throw new RangeError(`retries: rising whole numbers from 1, got [${retries.join(', ')}]`);
  }
  const observer = new Observer(subjectOf(subject), retries, seed, budgetMs);
  const violations = laws.flatMap((law): Violation[] => {
    const found = law.judge(observer);
    return found ? [{ law: law.name, message: found.message, ...found.at, seed }] : [];
  });
  return { ok: violations.length === 0, violations, runs: observer.runs, seed };
}
