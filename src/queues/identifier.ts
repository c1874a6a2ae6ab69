const MAX_BYTES = 63;

/**
 * A name for SQL, quoted: `jobs` becomes `"jobs"`, `app.jobs` becomes `"app"."jobs"`. Whatever the parts hold, they end
 * up between quotes; the limit is the database's own, which would cut a longer name off in silence.
 *
 * @throws TypeError if a part is empty, holds a NUL or takes more than 63 bytes, or if there are more than two.
 */
export function quoteName(name: string): string {
  const parts = typeof name === 'string' ? name.split('.') : [];
  if (parts.length < 1 || parts.length > 2) {
    throw new TypeError(`A table is named 'name' or 'schema.name', got ${JSON.stringify(name)}`);
  }
  return parts.map(quoteIdentifier).join('.');
}

/** One identifier, quoted. A dot in it is part of the name. */
export function quoteIdentifier(identifier: string): string {
  if (typeof identifier !== 'string' || identifier === '' || identifier.includes('\0')) {
    throw new TypeError(`Not an SQL identifier: ${JSON.stringify(identifier)}`);
  }
  if (new TextEncoder().encode(identifier).length > MAX_BYTES) {
    throw new TypeError(
      `An SQL identifier has at most ${MAX_BYTES} bytes, got ${JSON.stringify(identifier)}`,
    );
  }
  return `"${identifier.replaceAll('"', '""')}"`;
}
