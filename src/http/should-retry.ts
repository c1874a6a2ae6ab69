import type { Verdict } from '../index.js';
import { fieldOf } from '../internal.js';
import { readRetryHint } from './hints.js';

/** What a server decides for its clients (OpenAI, Anthropic and their kind): `x-should-retry`. Undefined if it does not. */
export function shouldRetry(headers: unknown, nowMs?: number): Verdict | undefined {
  const word = fieldOf(headers, 'x-should-retry');
  if (word === 'false') return 'stop';
  return word === 'true' ? retryAfter(readRetryHint(headers, nowMs)) : undefined;
}

/** To retry, after the hint if there is one. */
export const retryAfter = (hintMs: number | undefined): Verdict =>
  hintMs === undefined ? 'retry' : { retryAfterMs: hintMs };
