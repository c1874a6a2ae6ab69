import { mark } from './verdict/marks.js';

/**
 * The error of an attempt that took too long. It carries a mark of its own: a time limit of ours is worth a retry,
 * whatever its cause says, also to another `retry` around this one.
 */
export function timeoutError(message: string, previous: { error?: unknown } | undefined): Error {
  const error = new Error(message, previous && 'error' in previous ? { cause: previous.error } : undefined);
  return mark(
    Object.defineProperty(error, 'name', { value: 'TimeoutError', configurable: true, writable: true }),
    'retry',
  );
}
