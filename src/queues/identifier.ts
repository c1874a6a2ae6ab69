import { show } from '../internal.js';

/** Longest name PostgreSQL keeps, in bytes; a longer one it would cut, in silence. */
export const NAME_BYTES = 63;

/**
 * A name for SQL, quoted: `jobs` becomes `"jobs"`, `app.jobs` becomes `"app"."jobs"`. Whatever the parts hold, they stay
 * between the quotes. `what` is what the error calls it, `longest` the limit of the last part.
 *
 * @throws TypeError if there are more than two parts, or for a part that `quoteIdentifier` refuses.
 */
export function quoteName(name: unknown, what = 'An SQL name', longest = NAME_BYTES): string {
  const parts = typeof name === 'string' ? name.split('.') : [name];
  const [first, second, third] = parts;
  if (third !== undefined) throw new TypeError(`${what} is 'name' or 'schema.name', got ${show(name)}`);
  return second === undefined
    ? quoteIdentifier(first, what, longest)
    : `${quoteIdentifier(first, `The schema of ${what}`)}.${quoteIdentifier(second, what, longest)}`;
}

/**
 * One identifier, quoted. A dot in it is part of the name.
 *
 * @throws TypeError if it is no text, empty, longer than PostgreSQL keeps, or holds a control character or half of a
 *   surrogate pair (for which a client would send something else).
 */
export function quoteIdentifier(name: unknown, what = 'An SQL name', longest = NAME_BYTES): string {
  if (typeof name !== 'string' || name === '' || /\p{Control}|\p{Surrogate}/u.test(name)) {
    throw new TypeError(`${what} is a name without control characters, got ${show(name)}`);
  }
  const { length } = new TextEncoder().encode(name);
  if (length > longest)
    throw new TypeError(`${what} is at most ${longest} bytes long, got ${length}: ${show(name)}`);
  return `"${name.replaceAll('"', '""')}"`;
}
