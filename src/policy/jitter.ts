import { draw, type Random, unseeded } from '../random.js';
import { capOf, nominal } from './backoff.js';
import type { RetryPolicy } from './policy.js';

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
  return backoffDelay(policy, checked(retry), random);
}

/**
 * The limits of `delayFor` as the draw goes to 0 and to 1: whole milliseconds, `minMs <= delay <= maxMs <= maxDelayMs`.
 *
 * @throws RangeError if `retry` is no whole number from 1 to `Number.MAX_SAFE_INTEGER`.
 */
export function delayRange(policy: RetryPolicy, retry: number): { minMs: number; maxMs: number } {
  checked(retry);
  return { minMs: whole(policy, spread(policy, retry, 0)), maxMs: whole(policy, spread(policy, retry, 1)) };
}

/** `delayFor` where the number of the retry is known to be one. */
export const backoffDelay = (policy: RetryPolicy, retry: number, random: Random): number =>
  whole(policy, spread(policy, retry, draw(random, retry), random));

/**
 * The delay for a draw `u`, before it is rounded. Jitter is fitted *under* the cap: the nominal delay gives way until
 * even its longest spread fits, so a delay never passes the cap and never collapses on it. (Jitter first and then the
 * cap makes all clients wait exactly the cap; the cap first and then jitter goes over it.)
 */
export function spread(policy: RetryPolicy, retry: number, u: number, random?: Random): number {
  if (policy.backoff === 'decorrelated') return chained(policy, retry, u, random);
  const lo = policy.jitter[0];
  const hi = policy.jitter[1];
  return Math.min(nominal(policy, retry), capOf(policy) / hi) * Math.min(hi, lo + u * (hi - lo));
}

/**
 * `decorrelated` is a chain, d_k = d_0 + u_k · (min(cap, 3·d_(k-1)) − d_0), not rounded on the way. It is the *range*
 * that is clipped here and not the draw (as in the AWS original), so it keeps its spread at the cap. The draws before
 * the last are `random`'s, or without it all the same.
 */
function chained(policy: RetryPolicy, retry: number, u: number, random?: Random): number {
  const cap = capOf(policy);
  const first = Math.min(policy.baseDelayMs, cap);
  let delay = first;
  for (let k = Math.max(1, retry - CHAIN_LENGTH + 1); k <= retry; k++) {
    const drawn = random && k < retry ? draw(random, k) : u;
    delay = first + drawn * (Math.min(cap, 3 * delay) - first);
  }
  return delay;
}

const whole = (policy: RetryPolicy, ms: number): number => Math.min(capOf(policy), Math.round(ms));

function checked(retry: number): number {
  if (Number.isSafeInteger(retry) && retry >= 1) return retry;
  throw new RangeError(`Retries count from 1, got ${String(retry)} (${typeof retry})`);
}
