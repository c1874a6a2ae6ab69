import { checkFunction, checkOptions } from './check-options.js';
import type { RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec } from './policy/policy.js';
import { retry } from './retry.js';

type AnyFunction = (this: any, ...args: any[]) => unknown;

/**
 * The type of the operation, if it returns a plain promise (its overloads and generics stay). Otherwise a function with
 * the same `this` and arguments that returns a plain promise: an SDK's promise loses its own methods (`asResponse`).
 * Properties of the function are not kept.
 */
export type Retried<F extends AnyFunction> = [ReturnType<F>, Promise<Awaited<ReturnType<F>>>] extends [
  Promise<unknown>,
  ReturnType<F>,
]
  ? F
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/**
 * Returns a function with the same arguments, `this` and types as `operation`. It retries. The third argument holds the
 * options of each call, or is a function that gets the call's arguments and returns the options (with a signal among
 * them, say). The default of the option `name` is the function's name, if it has one.
 *
 * @throws TypeError at once for a wrong operation, policy or options object. Options that a function returns are checked
 *   at each call, which then rejects.
 */
export function withRetry<F extends AnyFunction>(
  operation: F,
  policy?: PolicySpec,
  options?:
    | RetryOptions<Awaited<ReturnType<F>>>
    | ((...args: Parameters<F>) => RetryOptions<Awaited<ReturnType<F>>> | null | undefined)
    | null,
): Retried<F> {
  checkFunction('operation', operation);
  const resolved = resolvePolicy(policy);
  const optionsFor = typeof options === 'function' ? options : undefined;
  const fixed = optionsFor ? undefined : named(options as RetryOptions | undefined, operation.name);
  const retried = async function (this: unknown, ...args: Parameters<F>): Promise<unknown> {
    const chosen = optionsFor ? named(optionsFor(...args), operation.name) : fixed;
    // With `await`, so that stack traces show the callers of this function.
    return await retry(() => operation.apply(this, args), resolved, chosen as RetryOptions);
  };
  // Stack traces and test names show the function that the user wrote.
  Object.defineProperty(retried, 'name', { value: operation.name, configurable: true });
  Object.defineProperty(retried, 'length', { value: operation.length, configurable: true });
  return retried as unknown as Retried<F>;
}

/** The options with a name, if there are any. @throws TypeError for wrong options. */
function named(options: RetryOptions<any> | null | undefined, name: string): RetryOptions<any> | undefined {
  if (!options) return undefined;
  checkOptions(options);
  return { ...options, name: options.name ?? (name || undefined) };
}
