import { classifyStatus, type RetryPolicy, type Verdict } from '../index.js';
import { judge } from '../internal.js';
import { readRetryHint } from './hints.js';
import { shouldRetry } from './should-retry.js';

/** Statuses of requests that were refused before they were processed (425: RFC 8470): also a POST may come again. */
const UNPROCESSED = new Set([408, 425, 429]);

/**
 * The verdict on a response of a request that may be repeated, or (`mayRepeat` false) may have been processed and must
 * not be. Undefined for one that is no failure.
 */
export function judgeResponse(
  { status, headers }: Response,
  policy: RetryPolicy,
  mayRepeat: boolean,
  nowMs: number,
): Verdict | undefined {
  if (status >= 400) {
    const word = shouldRetry(headers, nowMs);
    if (word !== undefined) return word;
  }
  const verdict =
    status < 400
      ? classifyStatus(status, policy)
      : judge({ status, headers: allHints(headers, nowMs) }, policy, noClock);
  return verdict === undefined || mayRepeat || UNPROCESSED.has(status) ? verdict : 'stop';
}

/** The core reads `Retry-After` and no other header: so it finds there whatever any of them says. */
function allHints(headers: Headers, nowMs: number): { get(name: string): string } {
  return {
    get(name) {
      const hintMs = name === 'retry-after' ? readRetryHint(headers, nowMs) : undefined;
      return hintMs === undefined ? '' : String(hintMs / 1000);
    },
  };
}

/** Those hints are delays already, however long: no clock makes instants of them. */
const noClock = { wallNow: (): number => NaN };
