/** How the nominal delay grows from one retry to the next; see `docs/policy.md` for the formulas. */
export type BackoffKind = 'constant' | 'linear' | 'exponential' | 'fibonacci' | 'decorrelated';

/** The interval of multipliers a nominal delay is spread over: `0 <= lo <= hi`, `hi > 0`. */
export type Jitter = readonly [lo: number, hi: number];

/** The intervals that have a name: `none` is [1, 1], `full` is [0, 1], `equal` is [0.5, 1]. */
export type JitterName = 'none' | 'full' | 'equal';

/** One HTTP status (100 to 999), or all that begin with 4 or 5. */
export type StatusPattern = number | '4xx' | '5xx';

/**
 * When to try again: a frozen plain object with every key present. Get one from `definePolicy` or `presets`.
 * Every duration is a whole number of milliseconds; "no limit" is `Infinity`.
 */
export interface RetryPolicy {
  /** Most retries after the first attempt: 0 … Infinity. Most attempts are one more. Default 5. */
  readonly maxRetries: number;
  /** The rule for the nominal delay, or the delays themselves: the k-th for retry k, the last one repeating. Default `'exponential'`. */
  readonly backoff: BackoffKind | readonly number[];
  /** Nominal delay of retry 1, for every kind but a list. 0 means no delay at all. Default 2 000. */
  readonly baseDelayMs: number;
  /** What an exponential delay is multiplied by from retry to retry, >= 1. Other kinds ignore it. Default 2. */
  readonly factor: number;
  /** Hard cap on every computed delay, jitter included: 0 … Infinity. Only a hint can pass it. Default 300 000. */
  readonly maxDelayMs: number;
  /** The spread, fitted under the cap, so that it never collapses there. `decorrelated` ignores it. Default [1, 1.25]. */
  readonly jitter: Jitter;
  /**
   * Longest time for one attempt: 1 … Infinity. Past it the attempt has failed and its signal is aborted. Default
   * Infinity. (No time limit can cut off code that does not let the event loop go on.)
   */
  readonly attemptTimeoutMs: number;
  /** Longest time for the whole call, delays and hooks included: 0 … Infinity. Default Infinity. */
  readonly maxElapsedMs: number;
  /** A longer hint (Retry-After) stops the call: 0 … Infinity. Default 300 000. */
  readonly maxRetryAfterMs: number;
  /** HTTP statuses worth a retry; other 4xx and 5xx stop. An empty list retries none. Default [408, 429, '5xx']. */
  readonly retryStatuses: readonly StatusPattern[];
}

/** What a user writes: any part of a policy; what is left out (or undefined) comes from the base. */
export type PolicySpec = {
  readonly [Key in Exclude<keyof RetryPolicy, 'jitter'>]?: RetryPolicy[Key] | undefined;
} & { readonly jitter?: Jitter | JitterName | undefined };
