import { at, type Clock } from '../internal.js';
import { optionsOf } from './options.js';
import { whole } from './whole.js';

/** How a consumer is stopped. */
export interface StopOptions {
  /** How long the handlers in hand are waited for: 0 … Infinity, default 30 000. */
  readonly timeoutMs?: number | null | undefined;
}

/**
 * How long `stop` waits.
 *
 * @throws RangeError for what is neither a whole number >= 0 nor Infinity, TypeError for an option that `stop` does not have.
 */
export function patienceOf(options?: StopOptions | null): number {
  const { timeoutMs = 30_000 } = optionsOf('stop', options, { timeoutMs: '' });
  return timeoutMs === Infinity ? timeoutMs : whole(timeoutMs, 'timeoutMs', 0);
}

/** Waits for the work, but at most `ms`. Rejects if the work does. */
export async function within(ms: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  let cancel: (() => void) | undefined;
  const timeout = new Promise<void>((resolve) => {
    cancel = at(clock.now() + ms, resolve, clock);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    cancel?.();
  }
}
