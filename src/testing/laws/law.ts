import type { Observation, Observer } from '../observer.js';

/** The laws by name, as violations carry them. */
export type LawName =
  | 'finite'
  | 'within-cap'
  | 'spread-at-cap'
  | 'spread'
  | 'monotone'
  | 'first-is-base'
  | 'deterministic'
  | 'bounded-total';

/** The smallest counterexample to a law, and what is wrong with it. */
export interface Found {
  readonly at: Observation;
  readonly message: string;
}

/** One thing every schedule should keep: its name, the law in words, and how a subject is judged. */
export interface Law {
  readonly name: LawName;
  readonly text: string;
  judge(observer: Observer): Found | undefined;
}
