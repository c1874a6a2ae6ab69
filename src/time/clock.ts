/**
 * Time as the library reads it. Pass your own as the option `clock`, for example the virtual clock of
 * `ostinato/testing`, and hours pass in milliseconds.
 */
export interface Clock {
  /** Milliseconds that never run backwards, from any origin. */
  now(): number;
  /** Milliseconds since 1970, for hints that name an instant. */
  wallNow(): number;
  /**
   * Calls `fn` once after `ms` (a whole number, at most 2^31 - 1) and returns a function that cancels the timer. With
   * `unref` the timer does not keep the process alive.
   */
  setTimer(ms: number, fn: () => void, unref: boolean): () => void;
}

/** Timers of Node and browsers keep their length in a signed 32-bit integer. A longer timer fires at once. */
export const MAX_TIMER_MS = 0x7fff_ffff;
