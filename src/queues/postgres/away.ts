import { type Clock, definePolicy, retry } from '../../index.js';
import type { SqlClient, Statement } from './client.js';

/** How long we wait for a server that is away: from a twentieth of a second to one, for as long as it takes. */
const AWAY = /* @__PURE__ */ definePolicy({
  maxRetries: Infinity,
  baseDelayMs: 50,
  maxDelayMs: 1_000,
  jitter: 'equal',
  maxElapsedMs: Infinity,
});

/**
 * Classes of SQLSTATE that say nothing about the statement: the connection (08), a transaction that collided (40) or is
 * in a state from before (25), resources (53), locks (55), an operator (57: restart, cancelled, starting up), the
 * system (58), an internal error (XX).
 */
const PASSING = new Set(['08', '25', '40', '53', '55', '57', '58', 'XX']);

/** Whether the server has understood a statement and will not have it, however often it is asked. */
export function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  const { code } = error;
  // Five characters of which the first is a digit, or one of the few classes with letters: `EPIPE` is none of them.
  return typeof code === 'string' && /^(\d|F0|HV|P0|XX)[\dA-Z]{3,4}$/.test(code) && code.length === 5
    ? !PASSING.has(code.slice(0, 2))
    : false;
}

/**
 * Runs a statement, again and again while the server is away. Every statement of ours may be run twice: if the first
 * time had worked after all, and only its answer was lost, the second changes nothing.
 *
 * Rejects with the error if the server refuses the statement, or once `isOver` says that nobody waits any more.
 */
export async function ask<Row>(
  client: SqlClient,
  { text, values }: Statement,
  { onError, isOver, clock }: Asking,
): Promise<Row[]> {
  const { rows } = await retry(() => client.query(text, values), AWAY, {
    classify: (error) => (isOver() || isRefusal(error) ? 'stop' : 'retry'),
    onRetry: ({ error }) => onError(error),
    clock,
  });
  return rows;
}

interface Asking {
  /** Told of each failure that is followed by another try. */
  readonly onError: (error: unknown) => void;
  readonly isOver: () => boolean;
  readonly clock: Clock;
}
