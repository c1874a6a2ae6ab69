import { checkOptions } from './options.js';
import { whole } from './whole.js';

/** How a consumer is stopped. */
export interface StopOptions {
  /** How long the handlers in hand are waited for: 0 … Infinity, default 30 000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * How long `stop` waits.
 *
 * @throws RangeError for what is neither a whole number >= 0 nor Infinity, TypeError for an option that `stop` does not have.
 */
export function patienceOf(options: StopOptions = {}): number {
  checkOptions('stop', options, { timeoutMs: '' });
  const { timeoutMs = 30_000 } = options;
  return timeoutMs === Infinity ? timeoutMs : whole(timeoutMs, 'timeoutMs', 0);
}
