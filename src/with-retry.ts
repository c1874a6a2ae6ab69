import { checkFunction, checkOptions } from './check-options.js';
import type { RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec } from './policy/policy.js';
import { retry } from './retry.js';

type AnyFunction = (this: any, ...args: any[]) => unknown;

/**
 * The function itself where it returns a plain promise already (overloads and generics stay), else one that does. What
 * a promise has beyond that (the `asResponse` of an SDK) is not there afterwards, and neither are properties of `F`.
 */
export type Retried<F extends AnyFunction> = [ReturnType<F>, Promise<Awaited<ReturnType<F>>>] extends [
  Promise<unknown>,
  ReturnType<F>,
]
  ? F
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/**
 * The same function, retried: same arguments, same `this`, same types (its own properties are not copied). The third argument is the options of each
 * call, or a function of the call's arguments that gives them (say, a signal among them).
 *
 * @throws TypeError at once, not at the first call, for a wrong operation, policy or option. Options that a function gives
 *   are checked at each call, which rejects.
 */
export function withRetry<F extends AnyFunction>(
  operation: F,
  policy?: PolicySpec,
  options?:
    | RetryOptions<Awaited<ReturnType<F>>>
    | ((...args: Parameters<F>) => RetryOptions<Awaited<ReturnType<F>>> | undefined),
): Retried<F> {
  checkFunction('operation', operation);
  const resolved = resolvePolicy(policy);
  if (options && typeof options !== 'function') checkOptions(options);
  const retried = async function (this: unknown, ...args: Parameters<F>): Promise<unknown> {
    const chosen = typeof options === 'function' ? options(...args) : options;
    return retry(() => operation.apply(this, args) as Awaited<ReturnType<F>>, resolved, chosen);
  };
  // Stack traces and test names show the function people wrote.
  Object.defineProperty(retried, 'name', { value: operation.name, configurable: true });
  Object.defineProperty(retried, 'length', { value: operation.length, configurable: true });
  return retried as unknown as Retried<F>;
}
