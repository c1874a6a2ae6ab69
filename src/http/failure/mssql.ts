import { neverSent, perhapsSent, type Rule } from './finding.js';
import { isUnsent } from './unsent.js';

/** Deadlock, lock timeout, conflicts of snapshots and memory-optimized tables, no memory or worker free: rolled back. */
const ROLLED_BACK = new Set([
  701, 1204, 1205, 1222, 3960, 8645, 8651, 10928, 10929, 41301, 41302, 41305, 41325, 41839,
]);
/** Azure SQL is moving the database, or is too busy to let anybody in. */
const REFUSED = new Set([
  615, 926, 4060, 4221, 17197, 40143, 40197, 40501, 40540, 40613, 42108, 42109, 49918, 49919, 49920,
]);
/** Connections that were lost, by the numbers of Windows. */
const CUT = new Set([20, 64, 121, 233, 10053, 10054, 10060]);
/** Who may come in is decided before any statement. */
const LOGIN = /^(?:ELOGIN|18456|18452|18470|4064)$/;

/** SQL Server by `mssql` and `tedious`: codes of the client, and the number of the server's message. */
export const mssql: Rule = (level) => {
  const number = level.read('number');
  const { code } = level;
  if (code === 'ESOCKET') return isUnsent(level) ? neverSent : perhapsSent;
  // The same code is that of a DNS query without an answer.
  if (code === 'ETIMEOUT' && /^Timeout: Request|request failed to complete/i.test(level.message))
    return perhapsSent;
  if (!/^E(?:REQUEST|LOGIN)$/.test(code)) return undefined;
  if (typeof number !== 'number') return code === 'ELOGIN' ? { verdict: 'stop', sent: 'no' } : undefined;
  if (REFUSED.has(number)) return neverSent;
  if (CUT.has(number)) return perhapsSent;
  if (ROLLED_BACK.has(number)) return { verdict: 'retry', sent: 'yes' };
  return { verdict: 'stop', sent: LOGIN.test(code) || LOGIN.test(String(number)) ? 'no' : 'yes' };
};
