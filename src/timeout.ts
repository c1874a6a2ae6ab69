import { MARK } from './verdict/marks.js';

const hidden = (value: string): PropertyDescriptor => ({ value, configurable: true, writable: true });

/**
 * The error of an attempt that took too long, named `TimeoutError`. It carries a mark: a time limit of ours is worth a
 * retry, whatever its cause says, also to another `retry` around this one.
 */
export function timeoutError(message: string, options?: ErrorOptions): Error {
  return Object.defineProperties(new Error(message, options), {
    name: hidden('TimeoutError'),
    [MARK]: hidden('retry'),
  });
}
