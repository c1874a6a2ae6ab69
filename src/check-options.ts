import { fault, lineOf } from './policy/faults.js';
import { callOptions, CLOCK, meantBy, type OptionKind, type OptionKinds, SIGNAL } from './policy/names.js';
import { isPlain } from './policy/rules.js';

const refusal = (name: string, got: unknown, allowed: string): TypeError =>
  new TypeError(lineOf(fault(name, got, allowed)));

/**
 * Checks options before anything is done with them. null and undefined are "not given". `what` and `example` are for the
 * message about options that are none.
 *
 * @throws TypeError for what is no plain object (a signal by itself would never be heard), for a name that is no option
 *   (a misspelt hook would never be called), and for a value of the wrong kind.
 */
export function checkOptions(
  options: unknown,
  kinds: OptionKinds = callOptions,
  what = 'options',
  example = `{ ${Object.keys(kinds)[0]} }`,
): void {
  if (!isPlain(options)) throw refusal(what, options, `expected a plain object, such as ${example}`);
  for (const name in options) {
    const value: unknown = options[name as keyof typeof options];
    if (Object.hasOwn(kinds, name)) {
      if (!isOfKind(value, kinds[name]!)) throw refusal(name, value, `expected a ${kinds[name]}`);
      // Other code may have put names on the prototype of all objects.
    } else if (Object.hasOwn(options, name)) throw refusal(name, value, meantBy(name, kinds));
  }
}

/**
 * @throws TypeError for what is no function, such as a promise, which cannot be tried again.
 */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw refusal(name, value, 'expected a function, such as () => …');
}

const isFunction = (value: unknown): boolean => typeof value === 'function';

function isOfKind(value: any, kind: OptionKind): boolean {
  if (value === undefined || value === null) return true;
  try {
    if (kind === SIGNAL) return value.aborted !== undefined && isFunction(value.addEventListener);
    if (kind === CLOCK) return [value.now, value.wallNow, value.setTimer].every(isFunction);
  } catch {
    // A getter that throws: the call will meet it, and end with its error.
    return true;
  }
  return !kind || kind.includes(typeof value);
}
