import { optionsOf } from './options.js';
import type { Age, Page } from './types.js';
import { whole } from './whole.js';

/**
 * The part of all dead letters that `list` is asked for.
 *
 * @throws RangeError for what is no whole number >= 0, TypeError for a name that a page does not have.
 */
export function pageOf(page?: Page | null): { readonly limit: number; readonly offset: number } {
  const { limit = 100, offset = 0 } = optionsOf('list', page, { limit: '', offset: '' });
  return { limit: whole(limit, 'limit', 0), offset: whole(offset, 'offset', 0) };
}

/**
 * How old the letters are that `purge` is asked for. A misspelt name must not pass: it would purge them all.
 *
 * @throws RangeError for what is no whole number >= 0, TypeError for an option that `purge` does not have.
 */
export function ageOf(options?: Age | null): number {
  const { olderThanMs = 0 } = optionsOf('purge', options, { olderThanMs: '' });
  return whole(olderThanMs, 'olderThanMs', 0);
}
