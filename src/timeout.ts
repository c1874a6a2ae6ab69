import { MARK } from './verdict/marks.js';

/** So many errors of ours may hang on one another by their causes. */
const LONGEST_CHAIN = 10;

/** How many hang on each of them. */
const chains = /* @__PURE__ */ new WeakMap<object, number>();

const hidden = (value: string): PropertyDescriptor => ({ value, configurable: true, writable: true });

/**
 * The error of an attempt that took too long, named `TimeoutError`. It carries a mark: a time limit of ours is worth a
 * retry, whatever its cause says, also to another `retry` around this one.
 *
 * Its cause is left out where it is the end of ten such errors, or a call without end would keep them all.
 */
export function timeoutError(message: string, options?: ErrorOptions): Error {
  const length = chains.get(options?.cause as object) ?? 0;
  const isFull = length === LONGEST_CHAIN;
  const error = new Error(message, isFull ? undefined : options);
  chains.set(error, isFull ? 1 : length + 1);
  return Object.defineProperties(error, {
    name: hidden('TimeoutError'),
    [MARK]: hidden('retry'),
  });
}
