import { draw, type Random } from '../random.js';
import { capOf } from './backoff.js';
import { spread } from './jitter.js';
import type { RetryPolicy } from './policy.js';

/** A hint is spread upward by a quarter at the most, whatever the jitter. */
const MOST = 0.25;

/**
 * The delay before a retry for which the other side asked `hintMs` (>= 0): never shorter than that, whole milliseconds,
 * at most `Number.MAX_SAFE_INTEGER`. The hint is a floor, spread upward so that the herd does not come back on one
 * tick; only by a hint a delay can pass `maxDelayMs`.
 */
export function hintedDelay(policy: RetryPolicy, retry: number, random: Random, hintMs: number): number {
  const [lo, hi] = policy.backoff === 'decorrelated' ? [0, MOST] : policy.jitter;
  const mostMs = hintMs * (1 + Math.min(hi - lo, MOST));
  const lowMs = Math.max(spread(policy, retry, 0, random), hintMs);
  const widthMs = Math.max(spread(policy, retry, 1, random), mostMs) - lowMs;
  const delayMs = Math.ceil(lowMs + draw(random, retry) * widthMs);
  return Math.min(delayMs, Math.max(capOf(policy), Math.ceil(mostMs)), Number.MAX_SAFE_INTEGER);
}
