import { checkOptions } from './options.js';
import type { DeadLetters } from './types.js';
import { whole } from './whole.js';

type Options<Method extends 'list' | 'purge'> = NonNullable<Parameters<DeadLetters[Method]>[0]>;

/**
 * The part of all dead letters that `list` is asked for.
 *
 * @throws RangeError for what is no whole number >= 0, TypeError for a name that a page does not have.
 */
export function pageOf(page: Options<'list'> = {}): { readonly limit: number; readonly offset: number } {
  checkOptions('list', page, { limit: '', offset: '' });
  const { limit = 100, offset = 0 } = page;
  return { limit: whole(limit, 'limit', 0), offset: whole(offset, 'offset', 0) };
}

/**
 * How old the letters are that `purge` is asked for. A misspelt name must not pass: it would purge them all.
 *
 * @throws RangeError for what is no whole number >= 0, TypeError for an option that `purge` does not have.
 */
export function ageOf(options: Options<'purge'> = {}): number {
  checkOptions('purge', options, { olderThanMs: '' });
  return whole(options.olderThanMs ?? 0, 'olderThanMs', 0);
}
