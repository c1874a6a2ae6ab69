import { neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';

/** Serialization failure, deadlock, lock not available: rolled back, the whole transaction may run again. */
const ROLLED_BACK = /^(?:40001|40P01|55P03)$/;
/** Too many connections, starting up or shutting down, refused: nothing has run. */
const REFUSED = /^(?:53300|57P03|08001|08004)$/;
/** The connection was lost, or ended by the server: whether a running COMMIT has happened, nobody knows. */
const CUT = /^(?:57P01|57P02|57P05|08000|08003|08006)$/;
/** Cancelled statements, and an outcome the server itself calls unknown. */
const UNCERTAIN = /^(?:57014|40003|08007|25P03|25P04)$/;
/** Who may come in is decided before any statement. */
const NOT_ADMITTED = /^(?:28|3D)/;

/** SQLSTATE beside a severity: `pg` and postgres.js. (A code of five letters alone may as well be EPIPE or EPERM.) */
export const postgres: Rule = (level) => {
  const { code } = level;
  if (!/^[\dA-Z]{5}$/.test(code) || level.text('severity') === '') return undefined;
  if (ROLLED_BACK.test(code)) return { verdict: 'retry', sent: 'yes' };
  if (REFUSED.test(code)) return neverSent;
  if (CUT.test(code)) return perhapsSent;
  const sent = NOT_ADMITTED.test(code) ? 'no' : UNCERTAIN.test(code) ? 'maybe' : 'yes';
  return { verdict: 'stop', sent };
};

/** Connections that were lost without a SQLSTATE: postgres.js gives them codes, `pg` only sentences. */
export const postgresConnection: Rule = ({ code, message }) => {
  if (/^CONNECTION_(?:CLOSED|DESTROYED)$/.test(code)) return perhapsSent;
  if (code === 'CONNECTION_ENDED') return useless;
  if (/^Connection terminated unexpectedly$|^Query read timeout$/.test(message)) return vaguely(perhapsSent);
  if (
    /^timeout expired$|^timeout exceeded when trying to connect$|^Connection terminated due to connection timeout$|has encountered a connection error and is not queryable$/.test(
      message,
    )
  ) {
    return neverSent;
  }
  return /^Client was closed and is not queryable$|^Cannot use a pool after calling end/.test(message)
    ? useless
    : undefined;
};
