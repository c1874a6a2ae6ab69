import { type Finding, neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';

const rolledBack: Finding = { verdict: 'retry', sent: 'yes' };
const answered: Finding = { verdict: 'stop', sent: 'yes' };
const notAdmitted: Finding = { verdict: 'stop', sent: 'no' };
const cancelled: Finding = { verdict: 'stop', sent: 'maybe' };

/** Error numbers that say more than their SQLSTATE: most share it with failures of another kind. */
const BY_NUMBER: readonly (readonly [Finding, ...number[]])[] = [
  // Deadlocks, locks that were not free, transactions that the server asks the client to begin again.
  [rolledBack, 1020, 1205, 1213, 1412, 1615, 1637, 2041, 3058, 3572],
  // Too many connections, no server behind the proxy, sessions that had ended before the query came.
  [neverSent, 1040, 1042, 1043, 1203, 3168, 4031, 9001, 9501, 45_001, 45_012, 45_013],
  // The pool of the mariadb client has no connection; its cause tells why.
  [vaguely(neverSent), 45_028, 45_060, 45_061],
  // The server shuts down, or has ended the session; the connection broke.
  [perhapsSent, 1053, 1079, 1927, 2006, 2013, 3169, 45_026],
  // Hosts and accounts that are blocked, ways to log in that the client does not know.
  [notAdmitted, 1129, 1130, 1251, 2194, 2195, 3118],
  [cancelled, 1317, 1969, 3024],
  // Larger than max_allowed_packet; an error that the server itself calls unknown.
  [answered, 1153],
  [{ verdict: undefined, vague: true }, 1105],
];

/**
 * MySQL and MariaDB by `errno` and `sqlState`, as mysql2, mysql and mariadb give them; any other database that gives a
 * `sqlState`, by its class.
 */
export const mysql: Rule = (level) => {
  const state = level.text('sqlState');
  const number = level.read('errno');
  const errno = typeof number === 'number' ? number : NaN;
  const isOfServer =
    /^[\dA-Z]{5}$/.test(state) ||
    (errno >= 1000 && (/^[CE]R_/.test(level.code) || level.text('sqlMessage') !== ''));
  // A number below 0 is a system error. The mariadb client adds a SQLSTATE to it.
  if (!isOfServer || errno < 0) return undefined;
  // 1226 is any limit of an account, 1047 any unknown command. Only their words say that the server is full or not ready.
  if (/max_user_connections|^WSREP/.test(level.text('sqlMessage') || level.message)) return neverSent;
  return BY_NUMBER.find(([, ...numbers]) => numbers.includes(errno))?.[0] ?? byState(state) ?? byRange(errno);
};

function byState(state: string): Finding | undefined {
  if (/^40003|^08007/.test(state)) return cancelled;
  if (/^40(?!002)|^XA1/.test(state)) return rolledBack;
  if (/^0800[14]/.test(state)) return neverSent;
  if (/^08(?!P)/.test(state)) return perhapsSent;
  if (state.startsWith('28')) return notAdmitted;
  // HY000 means no more than "an error".
  return /^HY|^$/.test(state) ? undefined : answered;
}

/** The other numbers of the servers are about the query. From 45000 they are about the use of the mariadb client. */
const byRange = (errno: number): Finding | undefined =>
  errno >= 45_000 ? useless : errno < 2000 || (errno >= 3000 && errno < 5000) ? answered : undefined;

/** Connections and pools of mysql2 and mysql. Their errors have no number, only a code or a sentence. */
export const mysqlConnection: Rule = ({ code, message }) => {
  if (code === 'PROTOCOL_CONNECTION_LOST') return perhapsSent;
  if (/^Can't .+ in closed state$|^No connections available|^Queue limit reached/.test(message)) {
    return neverSent;
  }
  return /^POOL_|^PROTOCOL_ENQUEUE_AFTER_/.test(code) || message === 'Pool is closed.' ? useless : undefined;
};
