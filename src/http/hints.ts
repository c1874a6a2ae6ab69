import { parseRetryAfter } from '../index.js';
import { decimal, fieldText, systemClock, readRetryAfter, serverNow, trimmed, wholeMs } from '../internal.js';
import { parseGoDuration } from './go-duration.js';
import { parseRateLimit } from './rate-limit.js';

/** The headers of one response, and the clocks to read them by. */
interface Answer {
  /** The text of one header, its name in lower case; '' if it is absent. */
  readonly field: (name: string) => string;
  readonly serverNowMs: number;
}

/** Hints in the order in which they count; NaN or undefined where there is none. */
type Source = (answer: Answer) => Iterable<number | undefined>;

/** What the names of the fields about quotas begin with: the IETF draft, and its two predecessors. */
const QUOTAS = ['ratelimit', 'x-ratelimit', 'x-rate-limit'];

/** The units that a name may end in, as powers of ten of a millisecond; without one, it is seconds. */
const UNITS = Object.entries({ '': 3, '-seconds': 3, '-ms': 0, '-milliseconds': 0 });

/** What says when to come back: the more precise first. */
function* delays(answer: Answer): Iterable<number | undefined> {
  yield pushback(answer);
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after']) {
    yield milliseconds(answer, name);
  }
  for (const prefix of ['', 'x-', ...QUOTAS.map((quota) => `${quota}-`)]) {
    for (const [unit, exponent] of UNITS) {
      const name = `${prefix}retry-after${unit}`;
      yield exponent ? secondsOrDate(answer, name) : milliseconds(answer, name);
    }
  }
}

/** What says when a quota is there again. The numbers of a cached response are those of another day. */
function* quotas(answer: Answer): Iterable<number | undefined> {
  const isCached = decimal(trimmed(answer.field('age')), 0) > 0;
  if (!isCached) yield parseRateLimit(trimmed(answer.field('ratelimit')));
  for (const quota of QUOTAS.slice(isCached ? 1 : 0)) {
    for (const name of ['-reset-after', '-reset']) {
      for (const [unit, exponent] of UNITS) {
        yield reset(answer, quota + name + unit, `${quota}-remaining`, exponent);
      }
    }
  }
  yield tokenBuckets(answer);
}

/**
 * The delay that the headers of a response ask for, in whole ms >= 0, or undefined if they ask for none. Knows no
 * status and no policy. Never throws, takes linear time, and is at most `Number.MAX_SAFE_INTEGER`.
 *
 * The first of these that can be read wins: `grpc-retry-pushback-ms`; `retry-after-ms`, `x-ms-retry-after-ms`,
 * `x-amz-retry-after`; `Retry-After`, `X-Retry-After`, `RateLimit-Retry-After`, `X-RateLimit-Retry-After`,
 * `X-Rate-Limit-Retry-After`; `RateLimit`; `-Reset-After` and `-Reset` behind the same three prefixes;
 * `x-ratelimit-reset-requests` and `-tokens`. A name may end in its unit: `-seconds`, `-ms`, `-milliseconds`.
 *
 * Instants are measured against the server's clock (`Date` plus `Age`) where the response has it. A reset is no reason to
 * wait while something remains; of several windows in one field those count that are used up.
 *
 * @param headers `Headers`, anything with `get`, or an object of strings, numbers or lists, names in any case.
 * @param nowMs the local time in epoch ms, for responses without `Date`. Default: the clock of the platform.
 */
export function readRetryHint(headers: unknown, nowMs: number = systemClock.wallNow()): number | undefined {
  return firstHint([delays, quotas], headers, nowMs);
}

/** Statuses that mean "not now": a date by which they pass is a reason to retry. */
const NOT_NOW = new Set([403, 413, 429, 503]);

/**
 * The hint that counts beside a status, for `retryFetch` and `classifyFailure` alike. Where the status means "not now",
 * every hint, and that of the body if it is longer. For 408 and the other 5xx a quota says nothing: only the sources that
 * say when to come back. For every other status `Retry-After`.
 */
export function hintOn(
  status: number,
  headers: unknown,
  nowMs: number,
  inBody: () => number = () => NaN,
): number | undefined {
  if (NOT_NOW.has(status)) return longer(readRetryHint(headers, nowMs), inBody());
  return status === 408 || (status >= 500 && status < 600)
    ? firstHint([delays], headers, nowMs)
    : readRetryAfter(headers, nowMs);
}

/** The longer of a hint in the headers and one in the body, which is NaN if there is none. */
export const longer = (hintMs: number | undefined, bodyMs: number): number | undefined =>
  bodyMs > (hintMs ?? -1) ? bodyMs : hintMs;

function firstHint(sources: readonly Source[], headers: unknown, nowMs: number): number | undefined {
  try {
    const holder = withGet(headers);
    const answer: Answer = {
      field: (name) => fieldText(holder.get(name) ?? ''),
      serverNowMs: serverNow(holder, nowMs),
    };
    for (const source of sources) {
      for (const hintMs of source(answer)) {
        if (hintMs !== undefined && hintMs >= 0) return hintMs;
      }
    }
  } catch {
    // Headers that cannot be read hold no hint.
  }
  return undefined;
}

/** The same headers with a `get` for names in lower case. That of a Map would compare names with their case. */
function withGet(headers: unknown): { get(name: string): unknown } {
  const isMap = headers instanceof Map;
  if (!isMap && typeof (headers as Headers).get === 'function') return headers as Headers;
  const fields = new Map<string, unknown[]>();
  for (const [name, value] of isMap ? headers : Object.entries(headers as object)) {
    const key = String(name).toLowerCase();
    fields.set(key, [fields.get(key) ?? [], value].flat());
  }
  return fields;
}

/**
 * gRPC (proposal A6) knows whole milliseconds of 32 bits only; what is negative or unreadable forbids a retry, and is no
 * delay.
 */
function pushback({ field }: Answer): number {
  const text = trimmed(field('grpc-retry-pushback-ms'));
  return /^\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : NaN;
}

function milliseconds({ field }: Answer, name: string): number {
  const text = field(name);
  return text === '' ? NaN : longest(text.split(','), (member) => decimal(trimmed(member), 0));
}

function secondsOrDate({ field, serverNowMs }: Answer, name: string): number | undefined {
  const text = field(name);
  // Nearly all names are absent: they are not to cost anything.
  return text === '' ? undefined : parseRetryAfter(text, serverNowMs);
}

/**
 * The time until a quota is there again, unless it is not used up: many servers send it with every response. A field may
 * hold several windows: `Remaining: 0, 14523` and `Reset: 1, 1419704` belong together by their position.
 */
function reset(answer: Answer, name: string, remaining: string, exponent: number): number {
  const field = answer.field(name);
  if (field === '') return NaN;
  const waits = field.split(',');
  const isUsedUp = answer
    .field(remaining)
    .split(',')
    .map((count) => !(decimal(trimmed(withoutParameters(count)), 0) > 0));
  const isPaired = waits.length === isUsedUp.length;
  if (!isPaired && !isUsedUp.includes(true)) return NaN;
  return longest(
    waits.filter((_, i) => !isPaired || isUsedUp[i]),
    (wait) => untilReset(withoutParameters(wait), answer.serverNowMs, exponent),
  );
}

/** A member without what stands behind a semicolon, such as the length of its window: `76;w=21600`. */
const withoutParameters = (member: string): string => member.split(';', 1)[0]!;

/**
 * A delay or an instant: which one, the size tells, for 1e9 seconds are 31 years. Else a date of RFC 3339, or a Go
 * duration.
 */
function untilReset(wait: string, nowMs: number, exponent: number): number {
  const text = trimmed(wait);
  if (/^\d{4}-/.test(text)) return parseRetryAfter(text, nowMs) ?? NaN;
  const valueMs = decimal(text, exponent);
  if (Number.isNaN(valueMs)) return wholeMs(parseGoDuration(wait));
  if (valueMs < 1e12 || valueMs === Number.MAX_SAFE_INTEGER) return valueMs;
  return wholeMs((valueMs < 1e15 ? valueMs : valueMs / 1000) - nowMs);
}

/** OpenAI and its like count requests and tokens apart: the longest wait for one that is used up. */
function tokenBuckets(answer: Answer): number {
  const waits = QUOTAS.flatMap((quota) =>
    ['requests', 'tokens'].map((unit) => {
      const remaining = `${quota}-remaining-${unit}`;
      // Azure has the last spelling, without a count, where nothing is left.
      const isKnown = quota === 'x-rate-limit' || answer.field(remaining) !== '';
      return isKnown ? reset(answer, `${quota}-reset-${unit}`, remaining, 3) : NaN;
    }),
  );
  return Math.max(...waits.filter((waitMs) => waitMs >= 0));
}

/** Of several values the largest that can be read. NaN if there is none. */
function longest(members: readonly string[], parse: (text: string) => number): number {
  let longestMs = NaN;
  for (const member of members) {
    const ms = parse(member);
    if (!(longestMs >= ms) && ms >= 0) longestMs = ms;
  }
  return longestMs;
}
