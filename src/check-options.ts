import { meantBy, optionNames } from './policy/names.js';
import { isPlain, rules } from './policy/rules.js';

/**
 * @throws TypeError for what is no plain object (a signal by itself would never be heard), and for a name no option has
 * (a misspelt hook would never be called).
 */
export function checkOptions(options: object): void {
  if (!isPlain(options)) throw new TypeError('The third argument is a plain object');
  for (const name of Object.keys(options)) {
    if (!optionNames.test(name)) {
      const meant = rules[name] ? 'it belongs in the policy' : meantBy(name);
      throw new TypeError(`retry has no option ${name}: ${meant}`);
    }
  }
}

/** @throws TypeError for an operation that is no function. */
export function checkOperation(operation: unknown): void {
  if (typeof operation !== 'function') throw new TypeError('operation: expected a function');
}
