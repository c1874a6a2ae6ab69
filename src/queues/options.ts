import { callOptions, checkFunction, checkOptions as check, type OptionKind } from '../internal.js';
import type { QueueOptions } from './types.js';

/** Every option an adapter has, with what its value has to be. The compiler holds it against the options' type, so that none is forgotten. */
export type Known<Options> = { readonly [Name in keyof Required<Options>]: OptionKind };

/** Options without null. */
export type Given<Options> = { readonly [Name in keyof Options]: Exclude<Options[Name], null> };

/** The options that were given: null is the same as not given. */
export const withoutNulls = <Options extends object>(options: Options): Given<Options> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as Given<Options>;

/** Those that every adapter has. */
export const QUEUE_OPTIONS: Known<QueueOptions<never>> = {
  classify: callOptions.classify,
  policyFor: callOptions.policyFor,
  onAttempt: callOptions.onAttempt,
  name: callOptions.name,
  random: callOptions.random,
  signal: callOptions.signal,
  clock: callOptions.clock,
};

/**
 * Checks the options of `what`, a function of ours, before anything is done with them: as the options of a call are.
 *
 * @throws TypeError for what is no plain object, for a name that is no option, and for a value of the wrong kind.
 */
export function checkOptions<Options extends object>(
  what: string,
  options: Options,
  known: Known<Options>,
): void {
  check(options, known, `options of ${what}`);
}

/**
 * Called as it is, it would fail with every job, to the last one.
 *
 * @throws TypeError for what is no function.
 */
export const checkHandler = (handler: unknown): void => checkFunction('handler', handler);
