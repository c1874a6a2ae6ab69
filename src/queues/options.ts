import { presets } from '../index.js';
import { isPlain, show } from '../internal.js';
import type { QueueOptions } from './types.js';

/** The expected type of an option. `''`: the code that uses the option checks it. */
type Kind = 'function' | 'signal' | 'clock' | '';

/** Every option an adapter has. The compiler holds it against the options' type, so that none is forgotten. */
export type Known<Options> = { readonly [Name in keyof Required<Options>]: Kind };

/** The options that were given: no null and no undefined. */
export type Given<Options> = { readonly [Name in keyof Options]: Exclude<Options[Name], null | undefined> };

/** Those that every adapter has. */
export const QUEUE_OPTIONS: Known<QueueOptions<never>> = {
  classify: 'function',
  policyFor: 'function',
  onAttempt: 'function',
  name: '',
  random: 'function',
  signal: 'signal',
  clock: 'clock',
};

/**
 * Checks the options of a function of this package, before anything is done with them. Returns the options that were
 * given: null is the same as not given, also for all options together.
 *
 * @param what the function, for messages.
 * @throws TypeError if the options are no plain object (a signal by itself would have no effect), for an unknown name
 *   (a misspelt hook would never be called), and for a hook, a signal or a clock of another type.
 */
export function optionsOf<Options extends object>(
  what: string,
  options: Options | null | undefined,
  known: Known<NoInfer<Options>>,
): Given<Options> {
  if (options === null || options === undefined) return {} as Given<Options>;
  if (!isPlain(options))
    throw new TypeError(`The options of ${what} are a plain object, got ${show(options)}`);
  const given = Object.entries(options).filter(([name, value]) => {
    if (!Object.hasOwn(known, name))
      throw new TypeError(`${what} has no option ${name}: ${meant(name, known)}`);
    return value !== null && value !== undefined;
  });
  for (const [name, value] of given) checkKind(name, value, known[name as keyof Options]);
  return Object.fromEntries(given) as Given<Options>;
}

function checkKind(name: string, value: any, kind: Kind): void {
  if (kind === 'function' && typeof value !== 'function')
    throw new TypeError(`${name} is a function, got ${show(value)}`);
  if (kind === 'signal' && !('aborted' in Object(value) && typeof value.addEventListener === 'function'))
    throw new TypeError(`${name} is an AbortSignal, got ${show(value)}`);
  if (kind === 'clock' && CLOCK.some((method) => typeof value[method] !== 'function'))
    throw new TypeError(`${name} is an object with the functions ${CLOCK.join(', ')}, got ${show(value)}`);
}

const CLOCK = ['now', 'wallNow', 'setTimer'] as const;

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
