import { callOptions, checkFunction, checkOptions, type OptionKind } from '../internal.js';
import type { QueueOptions } from './types.js';

/** Every option an adapter has, with the kind of its value. The compiler holds it against the options' type, so that none is forgotten. */
export type Known<Options> = { readonly [Name in keyof Required<Options>]: OptionKind };

/** The options that were given: no null and no undefined. */
export type Given<Options> = { readonly [Name in keyof Options]: Exclude<Options[Name], null | undefined> };

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
 * Checks the options of a function of this package before anything is done with them, as the options of a call are.
 * Returns the options that were given: null is the same as not given, also for all options together.
 *
 * @param what the function, for messages.
 * @throws TypeError if the options are no plain object, for an unknown name, and for a value of the wrong kind.
 */
export function optionsOf<Options extends object>(
  what: string,
  options: Options | null | undefined,
  known: Known<NoInfer<Options>>,
): Given<Options> {
  if (options === null || options === undefined) return {} as Given<Options>;
  checkOptions(options, known, `options of ${what}`);
  const given = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as Given<Options>;
}

/**
 * Called as it is, it would fail with every job, to the last one.
 *
 * @throws TypeError for what is no function.
 */
export function checkHandler(handler: unknown): void {
  checkFunction('handler', handler);
}
