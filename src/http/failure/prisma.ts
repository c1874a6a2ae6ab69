import { neverSent, notAdmitted, passing, perhapsSent, refused, type Rule, useless } from './finding.js';

/** Server not reached, pool or server without a free connection, engine not started. */
const UNSENT = /^P(?:100[12]|20(?:24|37)|50(?:01|1[34])|6008)$/;
/** Timeouts, connections that were closed, faults of Prisma's own service. */
const CUT = /^P(?:10(?:08|17)|50(?:0[69]|10)|600[04])$/;
/** A raw query has the code of the database in `meta`: the transaction was rolled back. */
const ROLLED_BACK = /^(?:40001|40P01|55P03|1205|1213)$/;

/** Errors of Prisma, by code: its constraints, missing records and wrong queries stop. */
export const prisma: Rule = (level) => {
  if (!level.name.startsWith('PrismaClient')) return undefined;
  if (/Validation|Panic/.test(level.name)) return useless;
  const code = level.text('errorCode') || level.code;
  if (!/^P\d{4}$/.test(code)) return undefined;
  if (UNSENT.test(code)) return neverSent;
  if (CUT.test(code)) return perhapsSent;
  // The code for transactions of all kinds: only if one could not begin it is known that nothing has run.
  if (code === 'P2028') return level.message.includes('Unable to start') ? neverSent : undefined;
  const ofDatabase =
    level.text('meta', 'code') || level.text('meta', 'driverAdapterError', 'cause', 'originalCode');
  if (code === 'P2034' || (code === 'P2010' && ROLLED_BACK.test(ofDatabase))) return passing;
  // What begins so is about the way to the database.
  return code.startsWith('P1') ? notAdmitted : refused;
};
