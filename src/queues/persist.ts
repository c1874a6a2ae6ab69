import { retry } from '../index.js';
import { type Clock, resolvePolicy } from '../internal.js';

/** For as long as it takes, from a twentieth of a second to one between two tries. */
const PATIENCE = /* @__PURE__ */ resolvePolicy({
  maxRetries: Infinity,
  backoff: 'exponential',
  baseDelayMs: 50,
  factor: 2,
  maxDelayMs: 1_000,
  jitter: 'equal',
});

/** When to lose patience, and whom to tell meanwhile. */
export interface Patience {
  /** Nobody waits any more: a failure is the last one. Even then the statement is tried once. */
  readonly isOver: () => boolean;
  /** Told of each failure that is followed by another try. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * A statement that a job's fate hangs on, repeated while the database is away. It must be fenced, so that where only the
 * answer was lost a second one changes nothing. Two things end it: a refusal, since no repeating would help, and
 * `isOver`.
 */
export const waitOut = <T>(statement: () => Promise<T>, patience: Patience): Promise<T> =>
  retry(statement, PATIENCE, {
    classify: (error) => (isRefusal(error) || patience.isOver() ? 'stop' : 'retry'),
    onRetry: ({ error }) => patience.onError?.(error),
    clock: patience.clock,
  });

/** The same until the signal of a host is aborted: when the job is lost, or the host shuts down. */
export const persist = <T>(write: () => Promise<T>, givenUp: AbortSignal, clock?: Clock): Promise<T> =>
  waitOut(write, { isOver: () => givenUp.aborted, clock });

/**
 * Classes of SQLSTATE that say nothing about the statement: the connection (08), a transaction that is over or collided
 * (25, 40), resources (53), locks (55), an operator (57: shutting down, starting up, cancelled), the system (58, XX).
 */
const PASSING = new Set(['08', '25', '40', '53', '55', '57', '58', 'XX']);

/** Whether the server has understood a statement and will not have it, however often it is asked. */
export function isRefusal(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  // A SQLSTATE begins with a digit, but for four classes; `EPIPE` and the like are none.
  if (typeof code !== 'string' || !/^(?:\d[\dA-Z]|F0|HV|P0|XX)[\dA-Z]{3}$/.test(code)) return false;
  return !PASSING.has(code.slice(0, 2));
}
