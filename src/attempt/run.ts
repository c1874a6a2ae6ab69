import type { AttemptContext, Operation } from './context.js';

/**
 * Calls the operation for one attempt. What it throws or returns arrives as with `await operation(context)`: an exception
 * becomes a rejection, and so does an exception of a foreign `then`.
 */
export function run<T>(operation: Operation<T>, context: AttemptContext): Promise<T> {
  try {
    return Promise.resolve(operation(context));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** `promise.then(…)` as `await` does it: it does not call a `then` that the promise has of its own. */
export const settle = <T, A, B>(
  promise: Promise<T>,
  onValue: ((value: T) => A | PromiseLike<A>) | undefined,
  onError: (error: unknown) => B | PromiseLike<B>,
): Promise<A | B> => Promise.prototype.then.call(promise, onValue, onError) as Promise<A | B>;
