import { neverSent, type Rule } from './finding.js';

/** SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL (a race for the lock of a WAL) and SQLITE_SCHEMA, by number. */
const PASSING = new Set([5, 6, 15, 17]);
const PASSING_NAME = /^SQLITE_(?:BUSY|LOCKED|PROTOCOL|SCHEMA)(?![A-Z])/;

/**
 * SQLite: `node:sqlite` gives a number, whose low byte is the kind; better-sqlite3, node-sqlite3, libsql and Bun give a
 * name, which extended forms only lengthen. A statement that could not get its lock has changed
 * nothing.
 */
export const sqlite: Rule = (level) => {
  const number = level.read('errcode');
  if (level.code === 'ERR_SQLITE_ERROR' && typeof number === 'number') {
    return PASSING.has(number & 255) ? neverSent : { verdict: 'stop', sent: 'yes' };
  }
  if (PASSING_NAME.test(level.code)) return neverSent;
  // libsql uses SQLITE_UNKNOWN for errors that do not come from SQLite.
  return /^SQLITE_(?!UNKNOWN)/.test(level.code) ? { verdict: 'stop', sent: 'yes' } : undefined;
};
