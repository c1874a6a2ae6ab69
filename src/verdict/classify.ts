import type { Clock } from '../clock.js';
import type { RetryPolicy } from '../policy/policy.js';
import { markOf } from './marks.js';
import { readRetryAfter } from './retry-after.js';
import { classifyStatus, isStatus } from './status.js';
import { hintOf, type Verdict } from './verdict.js';

type Statuses = Pick<RetryPolicy, 'retryStatuses'>;

/** Tells the time, for hints that name an instant. */
type WallClock = Pick<Clock, 'wallNow'>;

/** How deep causes and parts are followed. */
const DEPTH = 10;

/** TypeErrors that mean a lost network, in the words of Node, the browsers, React Native, Deno, Bun and edge runtimes. */
const NETWORK_MESSAGE =
  /^(fetch failed$|terminated$|failed to fetch|load failed|network|a network error|error sending request|unable to connect|the (internet|network|socket) connection|the (request|operation) timed out)/i;

/**
 * The built-in rules: what a failure means where the caller has no opinion. The outermost error first, then its
 * causes; the first rule that knows decides: a mark, an abort, an HTTP status, the parts of an AggregateError. If none
 * does, an error of programming stops, and everything else is retried. Never throws, whatever was thrown.
 */
export function judge(
  error: unknown,
  policy: Statuses,
  clock: WallClock,
  depth = 0,
  seen?: Set<object>,
): Verdict {
  let programming = false;
  for (let level = error; depth < DEPTH && isObject(level); depth++) {
    const verdict =
      markOf(level) ??
      abortVerdict(level) ??
      statusVerdict(level, policy, clock) ??
      partsVerdict(level, policy, clock, depth, seen);
    if (verdict !== undefined) return verdict;
    programming ||= isProgrammingError(level);
    level = read(level, 'cause');
  }
  return programming ? 'stop' : 'retry';
}

/** An abort stops; but some clients reject with an AbortError where a time limit was the cause. */
function abortVerdict(error: object): Verdict | undefined {
  if (read(error, 'name') !== 'AbortError') return undefined;
  return read(read(error, 'cause'), 'name') === 'TimeoutError' ? 'retry' : 'stop';
}

/** A status below 400 decides nothing: it may stand on an error for a body that was cut off. */
function statusVerdict(error: object, policy: Statuses, clock: WallClock): Verdict | undefined {
  const response = read(error, 'response');
  const raw = read(error, '$response');
  const status = [
    read(response, 'status'),
    read(response, 'statusCode'),
    read(read(error, '$metadata'), 'httpStatusCode'),
    read(raw, 'statusCode'),
    read(error, 'statusCode'),
    read(error, 'status'),
    read(error, ':status'),
  ].find(isStatus);
  if (status === undefined || status < 400) return undefined;
  const verdict = classifyStatus(status, policy);
  // 403 and 413 say "not now" only if they say until when.
  if (verdict !== 'retry' && status !== 403 && status !== 413) return verdict;
  const headers = read(response, 'headers') ?? read(raw, 'headers') ?? read(error, 'headers') ?? error;
  const retryAfterMs = readRetryAfter(headers, clock.wallNow());
  return retryAfterMs === undefined ? verdict : { retryAfterMs };
}

/** One part that stops, stops all; else they are retried, after the longest of their hints. */
function partsVerdict(
  error: object,
  policy: Statuses,
  clock: WallClock,
  depth: number,
  seen: Set<object> = new Set(),
): Verdict | undefined {
  const parts = read(error, 'errors');
  if (
    !Array.isArray(parts) ||
    parts.length === 0 ||
    read(error, 'name') !== 'AggregateError' ||
    seen.has(error)
  ) {
    return undefined;
  }
  seen.add(error);
  let all: Verdict = 'retry';
  for (const part of parts as unknown[]) {
    const verdict = judge(part, policy, clock, depth + 1, seen);
    if (verdict === 'stop') return verdict;
    if ((hintOf(verdict) ?? -1) > (hintOf(all) ?? -1)) all = verdict;
  }
  return all;
}

/** What no second try can mend. A TypeError is also what lost networks are reported as; those have a known message, or a system's code. */
function isProgrammingError(error: object): boolean {
  const name = read(error, 'name');
  if (name !== 'TypeError') return name === 'ReferenceError';
  const code = read(error, 'code');
  if (typeof code === 'string' && !code.startsWith('ERR_')) return false;
  return !NETWORK_MESSAGE.test(String(read(error, 'message')));
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** A property of anything; undefined where there is none, or where reading it throws. */
function read(holder: unknown, key: string): unknown {
  try {
    return (holder as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}
