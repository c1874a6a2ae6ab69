/** Longest name PostgreSQL keeps, in bytes; a longer one it would cut, silently. */
const NAME_BYTES = 63;

/** What is put behind a table's name for those derived from it; the names must still fit. */
export const DERIVED = { dead: '_dead', due: '_due', lease: '_lease' } as const;

const LONGEST_SUFFIX = Math.max(...Object.values(DERIVED).map((suffix) => suffix.length));

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** A name as PostgreSQL stores it in `text`: no NUL, and no half of a surrogate pair (clients would send U+FFFD for it). */
const isStorable = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text);

/**
 * A name, quoted: whatever is in it, it stays a name.
 *
 * @throws TypeError if it is no string, empty, longer than PostgreSQL keeps, or holds a control character.
 */
export function quoted(name: unknown, what: string, longest = NAME_BYTES): string {
  // eslint-disable-next-line no-control-regex -- control characters are the point
  if (typeof name !== 'string' || name === '' || /[\u0000-\u001f\u007f]/.test(name) || !isStorable(name)) {
    throw new TypeError(
      `${what} is a name of 1 to ${longest} bytes without control characters, got ${shown(name)}`,
    );
  }
  if (bytes(name) > longest) {
    throw new TypeError(`${what} is at most ${longest} bytes long, got ${bytes(name)}: ${shown(name)}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table, perhaps in a schema of its own. */
export interface TableName {
  /** Quoted, with its schema. */
  readonly sql: string;
  /** As it was given: `app.jobs`. */
  readonly plain: string;
  /** The name of something that belongs to it, quoted; `inSchema` puts the schema before it. */
  derived(suffix: string, inSchema: boolean): string;
}

/**
 * `jobs`, or `app.jobs` for a table in the schema `app`. Each part is quoted: upper case, spaces and quotes stay what
 * they are. `hasDerived` leaves room for the names derived from it.
 *
 * @throws TypeError for what is no such name.
 */
export function tableName(name: unknown, what: string, hasDerived: boolean): TableName {
  const parts = typeof name === 'string' ? name.split('.') : [name];
  const [first, second, third] = parts;
  if (third !== undefined) {
    throw new TypeError(`${what} is a table, or schema.table, got ${shown(name)}`);
  }
  const table = second ?? first;
  const schema = second === undefined ? '' : `${quoted(first, `The schema of ${what}`)}.`;
  const sql = schema + quoted(table, what, hasDerived ? NAME_BYTES - LONGEST_SUFFIX : NAME_BYTES);
  return {
    sql,
    plain: String(name),
    derived: (suffix, inSchema) => (inSchema ? schema : '') + quoted(`${String(table)}${suffix}`, what),
  };
}

/**
 * The name of a queue: any text of 1 to 255 characters. It is only ever sent as a parameter.
 *
 * @throws TypeError for what is no such text.
 */
export function queueName(name: unknown): string {
  if (typeof name === 'string' && name !== '' && name.length <= 255 && isStorable(name)) return name;
  throw new TypeError(
    `A queue has a name of 1 to 255 characters, without NUL and lone surrogates, got ${shown(name)}`,
  );
}

/** A text as a constant; nothing in it can end it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
