/** A gap up to this wide is searched retry by retry. A wider gap is halved until a good retry and a bad one are neighbours. */
const oneByOne = 1_024;

/**
 * The smallest counterexample. Calls `broken` for each probed retry in turn, up to the first bad one. The retries
 * between it and the last good one were not probed: this searches them for the smallest bad retry.
 */
export function smallest<Found>(
  retries: readonly number[],
  broken: (retry: number) => Found | undefined,
): Found | undefined {
  let good = 0;
  for (const retry of retries) {
    const found = broken(retry);
    if (found !== undefined) return narrowed(good, retry, found, broken);
    good = retry;
  }
  return undefined;
}

function narrowed<Found>(
  good: number,
  bad: number,
  found: Found,
  broken: (retry: number) => Found | undefined,
): Found {
  if (bad - good <= oneByOne) {
    for (let retry = good + 1; retry < bad; retry++) {
      const earlier = broken(retry);
      if (earlier !== undefined) return earlier;
    }
    return found;
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    const earlier = broken(middle);
    if (earlier === undefined) good = middle;
    else [bad, found] = [middle, earlier];
  }
  return found;
}
