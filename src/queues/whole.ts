import { show } from '../internal.js';

/**
 * A number that somebody has written down: a page's limit, a lease. Whole and >= `least`, since what is not would end up
 * in a statement, or in a comparison that is never true.
 *
 * @throws RangeError for anything else.
 */
export function whole(value: unknown, what: string, least = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${what} is a whole number >= ${least}, got ${show(value)}`);
}
