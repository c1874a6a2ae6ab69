import { neverSent, perhapsSent, type Rule } from './finding.js';

/**
 * The query waited for a server until a time limit, or the pooler refused the client: too many clients, a failing login.
 * Newer versions of Supavisor begin with a code: "(EMAXCONN) max client connections reached, limit: 200".
 */
const WAITED =
  /max_client_conn|server_login_retry|^(?:pgbouncer (?:is shut|cannot conn)|server (?:shut|DNS|login has)|query_(?:wait_)?timeout|client_\w+_timeout|connect (?:timeout|failed)|no more conn|client conn|(?:\(E\w+\) )?(?:MaxClients|max (?:client|proxy|pool)|unable to check ?out|pool (?:checkout|term)|failed to sub))/i;

/** Reasons of a failing login that time does not mend. Newer versions of PgBouncer add them to the sentence. */
const NOT_ADMITTED = /password auth|does not exist|pg_hba/;

/** The connection to the server broke, perhaps under the query. */
const BROKEN = /^server conn(?:ection)? |^server lifetime|DbHandler exited|connection to database closed/;

/**
 * Poolers between the client and Postgres. PgBouncer gives all its own errors the SQLSTATE 08P01, Supavisor XX000. Postgres
 * uses the same for protocol violations and for its own bugs. The sentences tell them apart.
 */
export const pooler: Rule = (level) => {
  const { code, message } = level;
  if (!/^(?:08P01|XX000)$/.test(code) || level.text('severity') === '') return undefined;
  if (BROKEN.test(message)) return perhapsSent;
  if (!WAITED.test(message)) return undefined;
  return NOT_ADMITTED.test(message) ? { verdict: 'stop', sent: 'no' } : neverSent;
};
