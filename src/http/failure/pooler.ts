import { neverSent, perhapsSent, type Rule } from './finding.js';

/**
 * The query waited for a server in vain, or the client was not let in: too many clients, a login that fails. Newer
 * versions of Supavisor put a code of their own in front: "(EMAXCONN) max client connections reached, limit: 200".
 */
const WAITED =
  /max_client_conn|server_login_retry|^(?:pgbouncer (?:is shut|cannot conn)|server (?:shut|DNS|login has)|query_(?:wait_)?timeout|client_\w+_timeout|connect (?:timeout|failed)|no more conn|client conn|(?:\(E\w+\) )?(?:MaxClients|max (?:client|proxy|pool)|unable to check ?out|pool (?:checkout|term)|failed to sub))/i;

/** What such a login fails of, as newer versions add, and waiting does not mend. */
const NOT_ADMITTED = /password auth|does not exist|pg_hba/;

/** The connection to the server broke, perhaps under the query. */
const BROKEN = /^server conn(?:ection)? |^server lifetime|DbHandler exited|connection to database closed/;

/**
 * Poolers between the client and Postgres. PgBouncer says all that is its own under the SQLSTATE 08P01, Supavisor under
 * XX000, which Postgres has for protocol violations and for its own bugs: the sentences tell them apart.
 */
export const pooler: Rule = (level) => {
  const { code, message } = level;
  if (!/^(?:08P01|XX000)$/.test(code) || level.text('severity') === '') return undefined;
  if (BROKEN.test(message)) return perhapsSent;
  if (!WAITED.test(message)) return undefined;
  return NOT_ADMITTED.test(message) ? { verdict: 'stop', sent: 'no' } : neverSent;
};
