import type { Observation, Observer } from '../observer.js';

/** The names of the laws. */
export type LawName =
  | 'finite'
  | 'within-cap'
  | 'spread-at-cap'
  | 'spread'
  | 'monotone'
  | 'first-is-base'
  | 'deterministic'
  | 'bounded-total';

/** The smallest counterexample to a law, with a text that says what is wrong. */
export interface Found {
  readonly at: Observation;
  readonly message: string;
}

/** A property that every delay schedule should have: its name, its words, and the search for a counterexample. */
export interface Law {
  readonly name: LawName;
  readonly text: string;
  find(observer: Observer): Found | undefined;
}
