import { neverSent, notAdmitted, passing, perhapsSent, refused, type Rule } from './finding.js';
import { isUnsent } from './unsent.js';

/** Deadlock, lock timeout, conflicts of snapshots and of tables in memory, resources used up: rolled back. */
const ROLLED_BACK = /^(?:12(?:04|05|22)|3960|701|86(?:45|51)|1092[89]|413(?:0[125]|25|39))$/;
/** Azure SQL moves the database, or takes no connections for the moment. */
const REFUSED = /^(?:615|926|4060|4221|17197|40(?:143|197|501|540|613)|4991[89]|49920)$/;
/** Connections that were lost, by the numbers of Windows. */
const CUT = /^(?:20|64|121|233|100(?:5[34]|60))$/;
/** The code for sockets is also that of certificates: the code of the system tells them apart. */
const LOST = /\bE(?:CONN|PIPE|TIMEDOUT|NOTFOUND|AI_|HOST|NET)|connection lost|hang up/i;
/** Logins are checked before any statement. */
const LOGIN = /^(?:184(?:5[26]|70)|4064)$/;

/** SQL Server by `mssql` and `tedious`: codes of the client, and the number of the server's message. */
export const mssql: Rule = (level) => {
  const { code } = level;
  if (code === 'ESOCKET' && LOST.test(level.message)) return isUnsent(level) ? neverSent : perhapsSent;
  // The same code is that of a DNS query without an answer.
  if (code === 'ETIMEOUT' && /request failed to complete/i.test(level.message)) return perhapsSent;
  const isLogin = code === 'ELOGIN';
  const number = level.read('number');
  if (typeof number !== 'number' || (!isLogin && code !== 'EREQUEST'))
    return isLogin ? notAdmitted : undefined;
  const text = String(number);
  if (REFUSED.test(text)) return neverSent;
  if (CUT.test(text)) return perhapsSent;
  if (ROLLED_BACK.test(text)) return passing;
  return isLogin || LOGIN.test(text) ? notAdmitted : refused;
};
