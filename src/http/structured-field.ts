/** One member of a structured field (RFC 9651): an item or `key=value`, with parameters. Values stay text. */
export interface Member {
  readonly name: string;
  /** Given in the dictionary form only. */
  readonly value: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Sticky: each token starts where the one before ended, which makes the whole linear. */
const TOKENS = {
  /**
   * String, Token or key, byte sequence, number, boolean, Date, Display String. Separators inside of quotes are text;
   * an Integer has 15 digits at most.
   */
  item: /"(?:[^"\\]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+.^`|~:/-]*|:[\w+/=]*:|-?\d{1,12}\.\d{1,3}|@?-?\d{1,15}|\?[01]|%"(?:[^"%]|%[\da-f]{2})*"/y,
  equals: /=/y,
  semicolon: /; */y,
  comma: /[ \t]*,[ \t]*/y,
};

/** The members of a list or dictionary; undefined if any part of the field is malformed, for then all of it is void. */
export function parseStructuredField(text: string): readonly Member[] | undefined {
  const members: Member[] = [];
  let at = 0;
  const take = (token: keyof typeof TOKENS): string | undefined => {
    const pattern = TOKENS[token];
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  do {
    const name = take('item');
    const value = take('equals') && (take('item') ?? '');
    const parameters = new Map<string, string>();
    while (take('semicolon') !== undefined) {
      const key = take('item');
      if (key === undefined) return undefined;
      // A parameter without a value is true, and a second one of the same name wins.
      parameters.set(key, take('equals') ? (take('item') ?? '') : '?1');
    }
    if (name === undefined) return undefined;
    members.push({ name, value, parameters });
  } while (take('comma') !== undefined);
  return at === text.length ? members : undefined;
}
