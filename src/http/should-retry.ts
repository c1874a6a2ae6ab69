import type { Verdict } from '../index.js';
import { fieldOf } from '../internal.js';
import { readRetryHint } from './hints.js';

/** OpenAI, Anthropic and their kind; Stripe. */
const NAMES = ['x-should-retry', 'stripe-should-retry'];

/** What a server decides for its clients by a header, `true` or `false`. Undefined if it does not. */
export function shouldRetry(headers: unknown, nowMs?: number): Verdict | undefined {
  if (!headers) return undefined;
  const values = NAMES.map((name) => fieldOf(headers, name));
  if (values.includes('false')) return 'stop';
  return values.includes('true') ? retryAfter(readRetryHint(headers, nowMs)) : undefined;
}

/** To retry, after the hint if there is one. */
export const retryAfter = (hintMs: number | undefined): Verdict =>
  hintMs === undefined ? 'retry' : { retryAfterMs: hintMs };
