import { show } from '../show.js';

/**
 * What a failure means: try again, do not, or try again with a hint, the delay the other side asked for
 * (milliseconds >= 0; fractions are rounded up).
 */
export type Verdict = 'retry' | 'stop' | { readonly retryAfterMs: number };

/** Whether a value of unknown origin is a verdict. A hint of NaN or below 0 is none. */
export function isVerdict(value: unknown): value is Verdict {
  const hintMs = hintOf(value as Verdict);
  return value === 'retry' || value === 'stop' || (typeof hintMs === 'number' && hintMs >= 0);
}

/** The hint of a verdict, if it carries one. */
export const hintOf = (verdict: Verdict | undefined): number | undefined =>
  (verdict as { readonly retryAfterMs?: number } | undefined)?.retryAfterMs;

/**
 * A verdict of the caller's, or undefined for no opinion.
 *
 * @throws TypeError for anything else: a boolean, a promise, a hint of NaN.
 */
export function checkVerdict(value: unknown): Verdict | undefined {
  if (value === undefined || isVerdict(value)) return value;
  throw new TypeError(
    `A verdict is 'retry', 'stop', { retryAfterMs: 1000 } or undefined, never a promise; got ${show(value)}`,
  );
}
