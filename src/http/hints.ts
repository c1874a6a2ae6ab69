import { parseRetryAfter } from '../index.js';
import { decimal, fieldOf, systemClock, serverNow, trimmed, wholeMs } from '../internal.js';
import { parseGoDuration } from './go-duration.js';
import { parseRateLimit } from './rate-limit.js';

/** The headers of one response, and the clocks to read them by. */
interface Answer {
  /** The text of one header, its name in lower case; '' if it is absent. */
  readonly field: (name: string) => string;
  readonly serverNowMs: number;
}

/** NaN or undefined: no hint here, ask the next source. */
type Source = (answer: Answer) => number | undefined;

/** Delays in ms, more precise than the `Retry-After` that may stand beside them. */
const PRECISE: readonly Source[] = [
  pushback,
  milliseconds('retry-after-ms'),
  milliseconds('x-ms-retry-after-ms'),
  milliseconds('x-amz-retry-after'),
];

/** In the order in which they are asked: the more precise and the better defined come first. */
const SOURCES: readonly Source[] = [
  ...PRECISE,
  ({ field, serverNowMs }) => parseRetryAfter(field('retry-after'), serverNowMs),
  (answer) => (isFromCache(answer) ? undefined : parseRateLimit(trimmed(answer.field('ratelimit')))),
  (answer) =>
    isFromCache(answer) ? undefined : reset(answer, 'ratelimit-reset', 'ratelimit-remaining', orInstant),
  (answer) => reset(answer, 'x-ratelimit-reset-after', 'x-ratelimit-remaining', seconds),
  (answer) => reset(answer, 'x-ratelimit-reset', 'x-ratelimit-remaining', orInstant),
  (answer) => reset(answer, 'x-rate-limit-reset', 'x-rate-limit-remaining', orInstant),
  tokenBuckets,
];

/**
 * The delay that the headers of a response ask for, in whole ms >= 0, or undefined if they ask for none. Knows no
 * status and no policy. Never throws, takes linear time, and is at most `Number.MAX_SAFE_INTEGER`.
 *
 * The first of these that can be read wins: `grpc-retry-pushback-ms`; `retry-after-ms`, `x-ms-retry-after-ms`,
 * `x-amz-retry-after`; `Retry-After`; `RateLimit`; `RateLimit-Reset`; `X-RateLimit-Reset-After`; `X-RateLimit-Reset`,
 * `X-Rate-Limit-Reset`; `x-ratelimit-reset-requests` and `-tokens`. Instants are measured against the server's clock
 * (`Date` plus `Age`) where the response tells it. A reset is no reason to wait while something remains.
 *
 * @param headers `Headers`, anything with `get`, or an object of strings, numbers or lists, names in any case.
 * @param nowMs the local time in epoch ms, for responses without `Date`. Default: the clock of the systemClock.
 */
export function readRetryHint(headers: unknown, nowMs: number = systemClock.wallNow()): number | undefined {
  return firstHint(SOURCES, headers, nowMs);
}

/** Of the same headers those that name a delay in milliseconds: no other meaning can be read into them. */
export const readPreciseHint = (headers: unknown): number | undefined => firstHint(PRECISE, headers, NaN);

function firstHint(sources: readonly Source[], headers: unknown, nowMs: number): number | undefined {
  try {
    // The `get` of a Map would compare names with their case.
    const holder: unknown = headers instanceof Map ? Object.fromEntries(headers) : headers;
    const answer: Answer = {
      field: (name) => fieldOf(holder, name),
      serverNowMs: serverNow(holder, nowMs),
    };
    for (const source of sources) {
      const hintMs = source(answer);
      if (hintMs !== undefined && hintMs >= 0) return hintMs;
    }
  } catch {
    // Headers that cannot be read hold no hint.
  }
  return undefined;
}

/**
 * gRPC (proposal A6) knows whole milliseconds of 32 bits only; what is negative or unreadable forbids a retry, and is no
 * delay.
 */
function pushback({ field }: Answer): number {
  const text = trimmed(field('grpc-retry-pushback-ms'));
  return /^\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : NaN;
}

function milliseconds(name: string): Source {
  return ({ field }) => longest(field(name), (text) => decimal(text, 0));
}

/** The time until a quota is there again, unless it is not used up: many servers tell it with every response. */
function reset(
  answer: Answer,
  name: string,
  remaining: string,
  parse: (text: string, nowMs: number) => number,
): number {
  return decimal(trimmed(answer.field(remaining)), 0) > 0
    ? NaN
    : longest(answer.field(name), (text) => parse(text, answer.serverNowMs));
}

const seconds = (text: string): number => decimal(text, 3);

/** Seconds from now, or an instant in epoch seconds or ms: which one, the size tells, for 1e9 seconds are 31 years. */
function orInstant(text: string, nowMs: number): number {
  const value = decimal(text, 0);
  if (value < 1e9) return seconds(text);
  const instant = value < 1e12 ? seconds(text) : value;
  return instant < Number.MAX_SAFE_INTEGER ? wholeMs(instant - nowMs) : instant;
}

/** OpenAI and its like count requests and tokens apart: the longest wait for one that is used up. */
function tokenBuckets({ field }: Answer): number {
  let longestMs = NaN;
  for (const unit of ['requests', 'tokens']) {
    if (!(decimal(trimmed(field(`x-ratelimit-remaining-${unit}`)), 0) === 0)) continue;
    const waitMs = wholeMs(parseGoDuration(field(`x-ratelimit-reset-${unit}`)));
    if (!(longestMs >= waitMs) && waitMs >= 0) longestMs = waitMs;
  }
  return longestMs;
}

/** The numbers of a cached response are those of another day. */
const isFromCache = ({ field }: Answer): boolean => decimal(trimmed(field('age')), 0) > 0;

/** Several values of one field: the largest that can be read. NaN if there is none. */
function longest(field: string, parse: (text: string) => number): number {
  let longestMs = NaN;
  for (const part of field.split(',')) {
    const ms = parse(trimmed(part));
    if (!(longestMs >= ms) && ms >= 0) longestMs = ms;
  }
  return longestMs;
}
