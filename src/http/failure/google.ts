import { decimal } from '../../internal.js';
import { isObject, type Level, read, text } from './level.js';

/** Where clients keep what Google says of an error: gaxios, googleapis, gax; Gemini; the AI SDK and SDKs of OpenAI's kind. */
const HOLDERS = ['', 'error', 'error.error', 'data.error', 'body.error', 'response.data.error'].map((place) =>
  place.split('.').filter(Boolean),
);
const LISTS = ['errors', 'details', 'errorDetails', 'statusDetails'];
const TEXTS = ['message', 'responseBody', 'body'];

/** A delay in JSON that is text, and may be text inside of text. */
const IN_WORDS = /RetryInfo\W[^{}]{0,99}retryDelay\W{1,9}(\d{1,9}(?:\.\d{1,9})?)s/;

/** Limits of one user, which pass within minutes. The others last a day, or are about permissions. */
const PASSING = /^(?:user|job)?rate_?limit_?exceeded$/i;

/** Whether each reason that Google gives is a rate limit that passes. */
export function isRateLimited(level: Level): boolean {
  const reasons = entries(level)
    .map((entry) => text(read(entry, 'reason')))
    .filter(Boolean);
  return reasons.length > 0 && reasons.every((reason) => PASSING.test(reason));
}

/** The delay of a `google.rpc.RetryInfo` in the body or in words, in whole ms; NaN without one. */
export function retryInfo(level: Level): number {
  const delays = entries(level).flatMap((entry) => {
    const delay = read(entry, 'retryDelay');
    // As JSON a text like `3.5s`, as a message of protobuf whole seconds, beside which nanoseconds may stand.
    const wholeMs = inSeconds(read(delay, 'seconds'));
    return [inSeconds(delay), read(delay, 'nanos') ? wholeMs + 1000 : wholeMs];
  });
  const inWords = TEXTS.map((name) => inSeconds(IN_WORDS.exec(level.text(name))?.[1]));
  return [...delays, ...inWords].find((delayMs) => delayMs >= 0) ?? NaN;
}

const inSeconds = (value: unknown): number =>
  decimal(typeof value === 'number' ? String(value) : text(value).replace(/s$/, ''), 3);

const entries = (level: Level): readonly unknown[] =>
  HOLDERS.filter((holder) => isObject(level.read(...holder))).flatMap((holder) =>
    LISTS.flatMap((name) => level.list(...holder, name)),
  );
