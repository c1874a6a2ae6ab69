import { decimal, wholeMs } from '../../internal.js';
import { type Level, read } from './level.js';

/** Where clients keep what Google says of an error: gaxios, googleapis, gax; Gemini; the AI SDK and SDKs of OpenAI's kind. */
const HOLDERS = ['', 'error', 'error.error', 'data.error', 'body.error', 'response.data.error'].map((place) =>
  place.split('.').filter(Boolean),
);
const LISTS = ['errors', 'details', 'errorDetails', 'statusDetails'];
const TEXTS = ['message', 'responseBody', 'body'];

/** A delay in JSON that is text, and may be text inside of text. */
const IN_WORDS = /RetryInfo\W[^{}]{0,99}retryDelay\W{1,9}(\d{1,9}(?:\.\d{1,9})?)s/;

/** Limits of one user that pass within minutes; the others are of a day, or of somebody's rights. */
const PASSING = /^(?:user|job)?rate_?limit_?exceeded$/i;

/** Whether each reason that Google gives is a rate limit that passes. */
export function isRateLimited(level: Level): boolean {
  const reasons = entries(level).flatMap((entry) => read(entry, 'reason') ?? []);
  return reasons.length > 0 && reasons.every((reason) => PASSING.test(reason as string));
}

/** The delay of a `google.rpc.RetryInfo` in the body or in words, in whole ms; NaN without one. */
export function retryInfo(level: Level): number {
  for (const entry of entries(level)) {
    const delay = read(entry, 'retryDelay') ?? read(read(entry, 'debug'), 'retryDelay');
    const seconds = read(delay, 'seconds');
    const delayMs =
      typeof delay === 'string' && delay.endsWith('s')
        ? decimal(delay.slice(0, -1), 3)
        : /^\d{1,12}$/.test(String(seconds))
          ? wholeMs(Number(seconds) * 1000 + (Number(read(delay, 'nanos')) || 0) / 1e6)
          : NaN;
    if (delayMs >= 0) return delayMs;
  }
  return Math.max(...TEXTS.map((name) => decimal(IN_WORDS.exec(level.text(name))?.[1] ?? '', 3) || 0)) || NaN;
}

const entries = (level: Level): readonly unknown[] =>
  HOLDERS.flatMap((holder) => LISTS.flatMap((name) => level.list(...holder, name)));
