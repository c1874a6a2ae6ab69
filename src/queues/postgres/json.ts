/**
 * How deep a payload may be nested. PostgreSQL and PGlite parse JSON by recursion: some thousand levels further down the
 * first ends the statement, and the second its whole process.
 */
export const MAX_DEPTH = 1_000;

/**
 * A value as JSON that `jsonb` can hold; `undefined` is null.
 *
 * @throws TypeError for what JSON or `jsonb` has no place for: a function, a bigint, a cycle, NUL (U+0000), half of a
 *   surrogate pair, more than 1 000 levels.
 */
export function jsonText(value: unknown, what: string): string {
  const text = stringified(value, what);
  const fault = faultOf(text);
  if (fault !== undefined) throw new TypeError(`${what} ${fault}`);
  return text;
}

function stringified(value: unknown, what: string): string {
  if (value === undefined) return 'null';
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) throw new TypeError(`${what} is nested too deep`, { cause: error });
    throw new TypeError(`${what} cannot be written as JSON: ${String(error)}`, { cause: error });
  }
  if (text === undefined) throw new TypeError(`${what} cannot be written as JSON: it is a ${typeof value}`);
  return text;
}

/** One pass, since a payload may have ten megabytes. */
function faultOf(text: string): string | undefined {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        inString = !inString;
        break;
      case 0x5c: {
        // A backslash: it hides what follows, be it a quote or another backslash.
        const fault = faultOfEscape(text, ++i);
        if (fault !== undefined) return fault;
        break;
      }
      case 0x5b: // [
      case 0x7b: // {
        if (!inString && ++depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (!inString) depth--;
        break;
      default:
    }
  }
  return undefined;
}

/** `JSON.stringify` writes NUL as \u0000, and a surrogate as \udxxx only if it has no other half. */
function faultOfEscape(text: string, at: number): string | undefined {
  if (text[at] !== 'u') return undefined;
  if (text.startsWith('u0000', at)) return 'holds a NUL character (U+0000), which PostgreSQL cannot store';
  if (text[at + 1] === 'd') return 'holds half of a surrogate pair, which PostgreSQL cannot store';
  return undefined;
}
