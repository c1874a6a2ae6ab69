import { decimal, fieldOf, fieldText, trimmed, wholeMs } from './field.js';
import { parseHttpDate } from './http-date.js';

/** 366 days. */
const YEAR_MS = 31_622_400_000;

/**
 * The delay that a Retry-After value asks for, in whole ms >= 0, or undefined if it asks for none. Never throws, takes
 * linear time.
 *
 * - Seconds, with or without decimals (`120`, `2.0`), rounded up to the next ms. No sign, exponent, unit or quotes.
 * - HTTP-dates in all three forms, and RFC 3339 with a zone: the time left since `nowMs`, 0 if it has passed.
 * - Epoch seconds or ms, as some servers send them, if within 366 days of `nowMs`.
 * - Several of them, joined by commas or as a list: the largest that can be read.
 *
 * What is above `Number.MAX_SAFE_INTEGER` ms becomes that.
 *
 * @param value the header: a string, a number (of seconds), or a list of these; all else is as good as absent.
 * @param nowMs the current time in epoch ms: the server's, where it is known, for the server meant the instant.
 */
export function parseRetryAfter(value: unknown, nowMs: number): number | undefined {
  let longest: number | undefined;
  // The comma after a weekday, before day and month, separates nothing.
  for (const member of fieldText(value).split(/,(?! ?\d\d?[ -][a-z]{3}[ -])/i)) {
    const delayMs = delayOf(trimmed(member), nowMs);
    if (delayMs >= (longest ?? 0)) longest = delayMs;
  }
  return longest;
}

/** The hint in the Retry-After of these headers, by the server's clock where it can be read; undefined if there is none. */
export const readRetryAfter = (headers: unknown, wallNowMs: number): number | undefined =>
  parseRetryAfter(fieldOf(headers, 'retry-after'), serverNow(headers, wallNowMs));

/** What the server's clock said when it answered: `Date`, plus `Age` for an answer out of a cache; else `wallNowMs`. */
export function serverNow(headers: unknown, wallNowMs: number): number {
  const date = trimmed(fieldOf(headers, 'date'));
  // RFC 3339 is no form of this field.
  const dateMs = /^\d/.test(date) ? NaN : parseHttpDate(date, wallNowMs);
  const age = trimmed(fieldOf(headers, 'age'));
  return Number.isNaN(dateMs) ? wallNowMs : dateMs + (/^\d+$/.test(age) ? Number(age) * 1000 : 0);
}

/** One member; NaN if it asks for nothing. */
function delayOf(member: string, nowMs: number): number {
  const delayMs = decimal(member, 3);
  if (delayMs < 1e12) return delayMs;
  // A "delay" of 31 years or more is an instant, unless that is far from now too.
  const instant = delayMs >= 0 ? (delayMs < 1e15 ? delayMs : delayMs / 1000) : parseHttpDate(member, nowMs);
  return delayMs >= 0 && !(Math.abs(instant - nowMs) <= YEAR_MS) ? delayMs : wholeMs(instant - nowMs);
}
