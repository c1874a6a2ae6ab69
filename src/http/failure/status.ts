import { fieldOf, systemClock, readRetryAfter } from '../../internal.js';
import { hintOn } from '../hints.js';
import { isUnderWay } from '../idempotency-key.js';
import { retryAfter, shouldRetry } from '../should-retry.js';
import { type Finding, type Rule, useless, vaguely } from './finding.js';
import { isRateLimited, retryInfo } from './google.js';
import { isObject, type Level } from './level.js';

/** The HTTP status of an error or response, NaN if it has none; invented ones come without any trace of a response. */
export function statusOf(level: Level): { readonly value: number; readonly isInvented: boolean } {
  const { status, headers } = level.response;
  return { value: status ?? NaN, isInvented: !isObject(headers) };
}

/** The headers of the response an error is about, or that was thrown itself. */
export const headersOf = (level: Level): unknown => level.response.headers;

/**
 * A response of 400 or above. The policy judges it, not we; except where the response says more than its status, in
 * words the core does not read. A status below 400 on an error decides nothing: a body may have been cut off.
 */
export const status: Rule = (level) => {
  const { response } = level;
  const { status: value = 0, headers } = response;
  if (value < 400) return undefined;
  const finding = said(level, value, headers);
  if (finding) return finding;
  const left: Finding = { verdict: undefined, sent: 'yes', response };
  // Octokit gives 500 to lost connections and bad certificates: if there is a cause, it knows.
  return isObject(headers) ? left : vaguely(left);
};

/** Where clients keep the request: axios and gaxios; ky and Octokit; got and ofetch. */
const REQUESTS = ['config', 'request', 'options'];

const hasKey = (level: Level): boolean =>
  REQUESTS.some((name) =>
    isUnderWay(level.text(name, 'method'), fieldOf(level.read(name, 'headers'), 'idempotency-key')),
  );

/** The last word on a redirect that nobody followed: it will not become an answer by asking again. */
export const redirect: Rule = (level) => {
  const { value, isInvented } = statusOf(level);
  return value >= 300 && value < 400 && !isInvented ? vaguely(useless) : undefined;
};

function said(level: Level, value: number, headers: unknown): Finding | undefined {
  const nowMs = systemClock.wallNow();
  const word = shouldRetry(headers, nowMs);
  if (word !== undefined) return { verdict: word, sent: 'yes' };
  // A used-up budget is a 429 too, and does not come back by waiting.
  if (level.code === 'insufficient_quota') return { verdict: 'stop', sent: 'yes' };
  const hintMs = hintOn(value, headers, nowMs, () => retryInfo(level));
  if ((value === 403 && isRateLimited(level)) || (value === 409 && hasKey(level))) {
    return { verdict: retryAfter(hintMs), sent: 'yes' };
  }
  // Retry-After is the core's to read; the other hints, some of which come before it, are not.
  return hintMs === undefined || hintMs === readRetryAfter(headers, nowMs)
    ? undefined
    : { verdict: { retryAfterMs: hintMs }, sent: 'yes' };
}
