import type { LawName } from './laws/law.js';

/** A broken law with its smallest counterexample: the smallest retry, and for it the simplest draw. */
export interface Violation {
  readonly law: LawName;
  /** What is wrong, as text to read. */
  readonly message: string;
  readonly retry: number;
  /** The delay that the subject returned, in milliseconds. NaN if it threw, or returned something other than a number. */
  readonly delay: number;
  /** The draw that gives this delay: `delay(retry, () => draw)`. Undefined with `ownRandom`, or if it takes a `stream`. */
  readonly draw?: number | undefined;
  /** The stream that gives this delay: `delay(retry, seeded(stream))`. */
  readonly stream?: string | undefined;
  readonly seed: number;
}

/** The result of `checkSchedule`. */
export interface ScheduleCheck {
  readonly ok: boolean;
  /** At most one for each law, in the order of the laws. */
  readonly violations: readonly Violation[];
  /** The number of calls of the subject's `delay`. */
  readonly runs: number;
  readonly seed: number;
}
