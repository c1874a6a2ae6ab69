import { show } from '../../internal.js';
import { NAME_BYTES, quoteIdentifier, quoteName } from '../identifier.js';

/** What is put behind a table's name for those derived from it; the names must still fit. */
export const DERIVED = { dead: '_dead', due: '_due', lease: '_lease' } as const;

const LONGEST_SUFFIX = Math.max(...Object.values(DERIVED).map((suffix) => suffix.length));

/** A table, perhaps in a schema of its own. */
export interface TableName {
  /** Quoted, with its schema. */
  readonly sql: string;
  /** As it was given: `app.jobs`. */
  readonly plain: string;
}

/**
 * `jobs`, or `app.jobs` for a table in the schema `app`. `hasDerived` leaves room for the names derived from it.
 *
 * @throws TypeError for what is no such name.
 */
export function tableName(name: unknown, what: string, hasDerived: boolean): TableName {
  const sql = quoteName(name, what, hasDerived ? NAME_BYTES - LONGEST_SUFFIX : NAME_BYTES);
  return { sql, plain: String(name) };
}

/** The name of an index of a table, quoted: with its schema to look for it, without to create it. */
export function indexName(
  table: TableName,
  suffix: string,
): { readonly found: string; readonly made: string } {
  const name = `${table.plain}${suffix}`;
  return { found: quoteName(name), made: quoteIdentifier(name.split('.').at(-1)) };
}

/**
 * The name of a queue: any text of 1 to 255 characters. It is only ever sent as a parameter.
 *
 * @throws TypeError for what is no such text, or what PostgreSQL could not store as it is.
 */
export function queueName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= 255 && !/\0|\p{Surrogate}/u.test(name)) {
    return name;
  }
  throw new TypeError(
    `A queue has a name of 1 to 255 characters, without NUL and halves of surrogate pairs, got ${show(name)}`,
  );
}

/** A text as a constant; nothing in it can end it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** An identifier as it was before it was quoted. */
export const unquoted = (name: string): string => name.slice(1, -1).replaceAll('""', '"');
