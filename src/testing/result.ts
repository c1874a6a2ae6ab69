import type { LawName } from './laws/law.js';

/** A law broken, and the smallest counterexample: the smallest retry, then the simplest draw. */
export interface Violation {
  readonly law: LawName;
  /** What is wrong, for people. */
  readonly message: string;
  readonly retry: number;
  /** What the subject gave, in milliseconds; NaN if it threw or gave no number. */
  readonly delay: number;
  /** The draw that leads there: `delay(retry, () => draw)`. Undefined if the subject draws its own chance, or a stream was needed. */
  readonly draw?: number | undefined;
  /** The stream that leads there: `delay(retry, seeded(stream))`. */
  readonly stream?: string | undefined;
  readonly seed: number;
}

/** The judgement on a schedule. */
export interface ScheduleCheck {
  readonly ok: boolean;
  /** At most one for each law. */
  readonly violations: readonly Violation[];
  /** How many delays the subject was asked for. */
  readonly runs: number;
  readonly seed: number;
}
