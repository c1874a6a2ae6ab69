import { neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';

/** Labels of the driver and the server that ask for the same again: the write, the commit, the whole transaction. */
const LABELS =
  /^(?:TransientTransactionError|UnknownTransactionCommitResult|Retryable(?:Read|Write)?Error|PoolRequest(?:ed|st)Retry)$/;

/**
 * Codes of the server that pass, as its documentation lists them: not reached, shutting down, another primary, a lock or
 * a conflict, a shard that has moved.
 */
const TRANSIENT = new Set([
  6, 7, 24, 46, 63, 89, 91, 112, 133, 134, 150, 189, 234, 262, 9001, 10107, 11600, 11602, 13388, 13435, 13436,
]);

/** No connection of the pool, or no server, was to be had. */
const UNSENT = /^Mongo(?:ose)?(?:ServerSelection|WaitQueueTimeout|PoolCleared)\w*$/;

/** Errors of the MongoDB driver, by label, then by code; the class where there is neither. */
export const mongodb: Rule = (level) => {
  const isDriver = level.name.startsWith('Mongo');
  const labels = level.list('errorLabels');
  if (labels.some((label) => typeof label === 'string' && LABELS.test(label))) {
    return { ...(labels.includes('NoWritesPerformed') ? neverSent : perhapsSent), wraps: true };
  }
  if (!isDriver) return undefined;
  const code = level.read('code');
  if (typeof code === 'number') return { verdict: TRANSIENT.has(code) ? 'retry' : 'stop', sent: 'yes' };
  if (UNSENT.test(level.name)) return vaguely(neverSent);
  if (/^Mongo(?:TopologyClosed|ClientClosed)Error$/.test(level.name)) return useless;
  return level.name.startsWith('MongoNetwork') ? vaguely(perhapsSent) : undefined;
};
