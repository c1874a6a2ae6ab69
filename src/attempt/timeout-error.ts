import { mark } from '../verdict/marks.js';

/**
 * The error of an attempt that reached its time limit. Its mark says `'retry'`: a time limit of this library is worth a
 * retry whatever the cause says, also for another `retry` around this one.
 */
export class TimeoutError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    mark(this, 'retry');
  }

  // Accessors of the prototype, because V8 reads the name for the first line of the stack before any field is there.
  override get name(): string {
    return 'TimeoutError';
  }

  override set name(value: string) {
    Object.defineProperty(this, 'name', { value, writable: true, configurable: true });
  }
}
