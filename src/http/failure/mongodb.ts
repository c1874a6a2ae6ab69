import { neverSent, passing, perhapsSent, refused, type Rule, useless, vaguely } from './finding.js';

/** Labels of the driver and the server that ask for the same again: the write, the commit, the whole transaction. */
const LABELS = /^(?:TransientTransaction|Retryable(?:Read|Write)?)Error$|^UnknownTransactionCommitResult$/;

/**
 * Codes of the server that pass, by its documentation: a host that cannot be reached, a shutdown, another primary, a lock
 * or a conflict, a shard that has moved.
 */
const TRANSIENT = /^(?:[67]|24|46|63|89|91|112|13[34]|150|189|234|262|9001|10107|1160[02]|13388|1343[56])$/;

/** No server, or no connection of the pool, was to be had. */
const UNSENT = /ServerSelection|WaitQueueTimeout|PoolCleared/;

/** Errors of the MongoDB driver, by label, then by code; by class where there is neither. */
export const mongodb: Rule = (level) => {
  const { name } = level;
  const labels = level.list('errorLabels');
  if (labels.some((label) => typeof label === 'string' && LABELS.test(label))) {
    return { ...(labels.includes('NoWritesPerformed') ? neverSent : perhapsSent), wraps: true };
  }
  if (!name.startsWith('Mongo')) return undefined;
  const code = level.read('code');
  if (typeof code === 'number') return TRANSIENT.test(String(code)) ? passing : refused;
  if (UNSENT.test(name)) return vaguely(neverSent);
  if (name.endsWith('ClosedError')) return useless;
  return name.startsWith('MongoNetwork') ? vaguely(perhapsSent) : undefined;
};
