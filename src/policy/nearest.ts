/** A name without what people vary: `max_retries`, `max-retries` and `MaxRetries` are the same word. */
export const plain = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, '');

/**
 * The name that a misspelt word most probably means: the one with the fewest slips, at most three, and at most one for
 * every four letters of the name; the unit may be left out. A slip is a letter too many, too few, wrong, or two letters swapped (the
 * Damerau-Levenshtein distance).
 */
export function nearest(word: string, names: readonly string[]): string | undefined {
  for (let slips = 0; slips < 4; slips++) {
    const name = names.find(
      (it) =>
        slips <= it.length / 4 &&
        [it, it.replace('Ms', '')].some((spelling) => isWithin(slips, plain(spelling), plain(word))),
    );
    if (name) return name;
  }
  return undefined;
}

function isWithin(slips: number, a: string, b: string): boolean {
  if (a === b) return true;
  const after = (i: number, j: number, left = slips - 1): boolean => isWithin(left, a.slice(i), b.slice(j));
  if (a && a[0] === b[0]) return after(1, 1, slips);
  if (!slips) return false;
  const isSwapped = a[0] === b[1] && a[1] === b[0];
  return after(1, 1) || after(1, 0) || after(0, 1) || (isSwapped && after(2, 2));
}
