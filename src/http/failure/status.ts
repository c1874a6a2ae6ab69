import { isStatus, systemClock, readRetryAfter } from '../../internal.js';
import { readPreciseHint, readRetryHint } from '../hints.js';
import { shouldRetry } from '../should-retry.js';
import { type Finding, type Rule, useless, vaguely } from './finding.js';
import { isObject, type Level } from './level.js';

const OF_RESPONSE = [
  ['response', 'status'],
  ['response', 'statusCode'],
  ['$metadata', 'httpStatusCode'],
  ['$response', 'statusCode'],
];
const OF_ERROR = [['statusCode'], ['status'], [':status']];

/** The HTTP status of an error or response, NaN if it has none; invented ones come without any trace of a response. */
export function statusOf(level: Level): { readonly value: number; readonly isInvented: boolean } {
  const ofResponse = OF_RESPONSE.map((path) => level.read(...path)).find(isStatus);
  if (ofResponse !== undefined) return { value: ofResponse, isInvented: false };
  const value = OF_ERROR.map((path) => level.read(...path)).find(isStatus);
  return { value: value ?? NaN, isInvented: !isObject(headersOf(level)) };
}

/** The headers of the response an error is about, or that was thrown itself. */
export const headersOf = (level: Level): unknown =>
  level.read('response', 'headers') ?? level.read('$response', 'headers') ?? level.read('headers');

/**
 * A response of 400 or above. The policy judges it, not we; except where the response says more than its status, in
 * words the core does not read. A status below 400 on an error decides nothing: a body may have been cut off.
 */
export const status: Rule = (level) => {
  const { value, isInvented } = statusOf(level);
  if (!(value >= 400)) return undefined;
  // Octokit gives 500 to lost connections and bad certificates: if there is a cause, it knows.
  if (isInvented) return { verdict: undefined, sent: 'yes', vague: true };
  return said(level, value) ?? { verdict: undefined, sent: 'yes' };
};

/** The last word on a redirect that nobody followed: it will not become an answer by asking again. */
export const redirect: Rule = (level) => {
  const { value, isInvented } = statusOf(level);
  return value >= 300 && value < 400 && !isInvented ? vaguely(useless) : undefined;
};

/** Statuses that mean "not now": a date by which they pass is a reason to retry. */
const NOT_NOW = new Set([403, 413, 429, 503]);

/** The others that can pass: what tells about quotas says nothing of them, a delay does. */
const mayPass = (value: number): boolean => value === 408 || value >= 500;

function said(level: Level, value: number): Finding | undefined {
  const headers = headersOf(level);
  const word = shouldRetry(headers);
  if (word !== undefined) return { verdict: word, sent: 'yes' };
  // A used-up budget is a 429 too, and does not come back by waiting.
  if (level.code === 'insufficient_quota') return { verdict: 'stop', sent: 'yes' };
  const nowMs = systemClock.wallNow();
  const hintMs = NOT_NOW.has(value)
    ? readRetryHint(headers, nowMs)
    : mayPass(value)
      ? readPreciseHint(headers)
      : undefined;
  // Retry-After is the core's to read; the other hints, some of which come before it, are not.
  return hintMs === undefined || hintMs === readRetryAfter(headers, nowMs)
    ? undefined
    : { verdict: { retryAfterMs: hintMs }, sent: 'yes' };
}
