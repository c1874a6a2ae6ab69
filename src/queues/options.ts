import { presets } from '../index.js';
import { isPlain, show } from '../internal.js';
import type { QueueOptions } from './types.js';

/** What the value of an option has to be, as far as it can be said here: a function, a signal, or (`''`) who reads it says. */
type Kind = 'function' | 'signal' | '';

/** Every option an adapter has. The compiler holds it against the options' type, so that none is forgotten. */
export type Known<Options> = { readonly [Name in keyof Required<Options>]: Kind };

/** Options without null. */
export type Given<Options> = { readonly [Name in keyof Options]: Exclude<Options[Name], null> };

/** The options that were given: null is the same as not given. */
export const withoutNulls = <Options extends object>(options: Options): Given<Options> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as Given<Options>;

/** Those that every adapter has. */
export const QUEUE_OPTIONS: Known<QueueOptions<never>> = {
  classify: 'function',
  policyFor: 'function',
  onAttempt: 'function',
  name: '',
  random: 'function',
  signal: 'signal',
  clock: '',
};

/**
 * Checks the options of `what`, a function of ours, before anything is done with them.
 *
 * @throws TypeError for what is no plain object (a signal by itself would never be heard), for a name that is no option
 *   (a misspelt hook would never be called), and for a hook that cannot be called, or a signal that is none.
 */
export function checkOptions<Options extends object>(
  what: string,
  options: Options,
  known: Known<Options>,
): void {
  if (!isPlain(options))
    throw new TypeError(`The options of ${what} are a plain object, got ${show(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw new TypeError(`${what} has no option ${name}: ${meant(name, known)}`);
    const kind = known[name as keyof Options];
    // What is not given may be null, too.
    if (kind === '' || value === undefined || value === null) continue;
    if (kind === 'function' && typeof value !== 'function')
      throw new TypeError(`${name} is a function, got ${show(value)}`);
    if (kind === 'signal' && typeof value.addEventListener !== 'function')
      throw new TypeError(`${name} is an AbortSignal, got ${show(value)}`);
  }
}

const meant = (name: string, known: object): string =>
  Object.hasOwn(presets.default, name)
    ? 'it belongs in the policy'
    : `it has ${Object.keys(known).join(', ')}`;

/**
 * Called as it is, it would fail with every job, to the last one.
 *
 * @throws TypeError for what is no function.
 */
export function checkHandler(handler: unknown): void {
  if (typeof handler !== 'function') throw new TypeError(`handler is a function, got ${show(handler)}`);
}
