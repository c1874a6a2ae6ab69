import { draw, type Random, unseeded } from '../random.js';
import { capOf, nominal } from './backoff.js';
import type { RetryPolicy } from './policy.js';

/** A hint is spread upward by a quarter at the most, whatever the jitter. */
const HINT_SPREAD = 0.25;

/** `decorrelated` replays at most this many draws, so that retry 10^6 costs no more than retry 128. */
const CHAIN_LENGTH = 128;

/**
 * The delay before a retry: whole milliseconds in `[0, maxDelayMs]`. Pure, but for the draw.
 *
 * `retry` is a whole number >= 1; retry k follows failed attempt k. Without `random` the draw is unpredictable.
 *
 * @throws RangeError if `retry` is no whole number from 1 to `Number.MAX_SAFE_INTEGER`.
 */
export function delayFor(policy: RetryPolicy, retry: number, random: Random = unseeded): number {
  return delayOf(policy, checkedRetry(retry), random, undefined);
}

/**
 * The limits of `delayFor` as the draw goes to 0 and to 1: whole milliseconds, `minMs <= delay <= maxMs <= maxDelayMs`.
 *
 * @throws RangeError if `retry` is no whole number from 1 to `Number.MAX_SAFE_INTEGER`.
 */
export function delayRange(policy: RetryPolicy, retry: number): { minMs: number; maxMs: number } {
  const cap = capOf(policy);
  checkedRetry(retry);
  if (policy.backoff === 'decorrelated') {
    const first = Math.min(policy.baseDelayMs, cap);
    return { minMs: first, maxMs: Math.min(cap, first * 3 ** Math.min(retry, CHAIN_LENGTH)) };
  }
  const [lo, hi] = policy.jitter;
  const fitted = Math.min(nominal(policy, retry), cap / hi);
  return { minMs: whole(fitted * lo, cap), maxMs: whole(fitted * (lo + (hi - lo)), cap) };
}

/**
 * The delay, with or without a hint. Jitter is fitted *under* the cap: the nominal delay gives way until even its
 * longest spread fits, so a delay never passes the cap and never collapses on it. (Jitter first and then the cap makes
 * all clients wait exactly the cap; the cap first and then jitter goes over it.)
 */
export function delayOf(
  policy: RetryPolicy,
  retry: number,
  random: Random,
  hintMs: number | undefined,
): number {
  const cap = capOf(policy);
  if (policy.backoff === 'decorrelated') {
    const low = Math.min(policy.baseDelayMs, cap);
    const high = Math.min(cap, 3 * previous(low, cap, retry, random));
    const u = draw(random, retry);
    return hintMs === undefined
      ? whole(low + u * (high - low), cap)
      : hinted(hintMs, low, high, HINT_SPREAD, u, cap);
  }
  const lo = policy.jitter[0];
  const hi = policy.jitter[1];
  const fitted = Math.min(nominal(policy, retry), cap / hi);
  const u = lo === hi ? 0 : draw(random, retry);
  return hintMs === undefined
    ? whole(fitted * (lo + u * (hi - lo)), cap)
    : hinted(hintMs, fitted * lo, fitted * hi, Math.min(hi - lo, HINT_SPREAD), u, cap);
}

/** A hint is a floor, spread upward so that the herd does not come back on one tick; only it can lift a delay over the cap. */
function hinted(hintMs: number, low: number, high: number, spread: number, u: number, cap: number): number {
  const floor = Math.max(low, hintMs);
  const ceiling = Math.max(high, hintMs * (1 + spread));
  const limit = Math.max(cap, Math.ceil(hintMs * (1 + spread)));
  return Math.min(limit, Number.MAX_SAFE_INTEGER, Math.ceil(floor + u * (ceiling - floor)));
}

/**
 * The delay before the one asked for, of the decorrelated chain d_k = d_0 + u_k · (min(cap, 3·d_(k-1)) − d_0). Not
 * rounded on the way. It is the *range* that is clipped and not the draw (as in the AWS original), so the chain keeps
 * its spread at the cap.
 */
function previous(first: number, cap: number, retry: number, random: Random): number {
  let delay = first;
  for (let k = Math.max(1, retry - CHAIN_LENGTH + 1); k < retry; k++) {
    delay = first + draw(random, k) * (Math.min(cap, 3 * delay) - first);
  }
  return delay;
}

const whole = (ms: number, cap: number): number => Math.min(cap, Math.round(ms));

function checkedRetry(retry: number): number {
  if (Number.isSafeInteger(retry) && retry >= 1) return retry;
  throw new RangeError(`A retry is counted from 1, got ${String(retry)}`);
}
