import { classifyStatus, type RetryPolicy, type Verdict } from '../index.js';
import { judge } from '../internal.js';
import { hintOn } from './hints.js';
import { isUnderWay } from './idempotency-key.js';
import type { RequestHead } from './request-head.js';
import { retryAfter, shouldRetry } from './should-retry.js';

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
  request: Pick<RequestHead, 'method' | 'headers'>,
): Verdict | undefined {
  if (status < 400) return classifyStatus(status, policy);
  const word = shouldRetry(headers, nowMs);
  if (word !== undefined) return word;
  const hintMs = hintOn(status, headers, nowMs);
  if (status === 409 && isUnderWay(request.method, request.headers.get('idempotency-key')))
    return retryAfter(hintMs);
  // The core reads `Retry-After` and no other header: so it finds there whatever any of them says.
  const hint = { 'retry-after': hintMs === undefined ? '' : hintMs / 1000 };
  const verdict = judge({ status, headers: hint }, policy, noClock);
  return mayRepeat || UNPROCESSED.has(status) ? verdict : 'stop';
}

/** Those hints are delays already, however long: no clock makes instants of them. */
const noClock = { wallNow: (): number => NaN };
