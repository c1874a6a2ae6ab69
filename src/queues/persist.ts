import { retry } from '../index.js';
import { type Clock, resolvePolicy } from '../internal.js';

/** Until the write lands, or the job is no longer this worker's. */
const PATIENCE = /* @__PURE__ */ resolvePolicy({
  maxRetries: Infinity,
  backoff: 'exponential',
  baseDelayMs: 50,
  factor: 2,
  maxDelayMs: 2_000,
  jitter: [0.5, 1],
});

/**
 * A write that a job's fate hangs on, repeated while the database is away. It must be fenced, so that a second one of
 * the same changes nothing. Two things end it: an error that is the statement's own fault, since no repeating would
 * help, and `givenUp`: the signal of the host, aborted when the job is lost or the host shuts down. Even then the
 * write is tried once.
 */
export const persist = <T>(write: () => Promise<T>, givenUp: AbortSignal, clock?: Clock): Promise<T> =>
  retry(write, PATIENCE, {
    clock,
    classify: (error) => (isOurFault(error) || givenUp.aborted ? 'stop' : 'retry'),
  });

/** SQLSTATE classes 22 (data exception), 23 (integrity) and 42 (syntax, missing table, missing right). */
function isOurFault(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(?:22|23|42)/.test(code);
}
