import { type Finding, neverSent, perhapsSent, type Rule, useless } from './finding.js';

/** Server not reached, pool or server without a free connection, engine not started. */
const UNSENT = /^P(?:100[12]|2024|2037|5001|501[34]|6008)$/;
/** Timeouts, connections that were closed, errors of the service itself. */
const CUT = /^P(?:1008|1017|5006|5009|5010|6000|6004|6100|6101)$/;
/** Who may come in is decided before any statement; so is what is configured wrongly. */
const NOT_ADMITTED = /^P1/;
/** A raw query has the code of the database: the transaction was rolled back. */
const ROLLED_BACK = /^(?:40001|40P01|55P03|1205|1213)$/;

/** Errors of Prisma, by code: its constraints, missing records and wrong queries stop. */
export const prisma: Rule = (level): Finding | undefined => {
  const code = level.text('errorCode') || level.code;
  if (!level.name.startsWith('Prisma')) return undefined;
  if (/^PrismaClient(?:Validation|RustPanic)Error$/.test(level.name)) return useless;
  if (!/^P\d{4}$/.test(code)) return undefined;
  if (UNSENT.test(code)) return neverSent;
  if (CUT.test(code)) return perhapsSent;
  // The code of everything about transactions: only of one that could not begin it is known that nothing has run.
  if (code === 'P2028') return /unable to start/i.test(level.message) ? neverSent : undefined;
  const ofDatabase =
    level.text('meta', 'code') || level.text('meta', 'driverAdapterError', 'cause', 'originalCode');
  const isRolledBack = code === 'P2034' || (code === 'P2010' && ROLLED_BACK.test(ofDatabase));
  return { verdict: isRolledBack ? 'retry' : 'stop', sent: NOT_ADMITTED.test(code) ? 'no' : 'yes' };
};
