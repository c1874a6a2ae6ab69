/** The options of a call, as opposed to the keys of a policy. */
export const optionNames = /^(signal|classify|classifyResult|onRetry|onEnd|random|clock|unref)$/;

// What the same things are called elsewhere (maxAttempts, numOfAttempts, retries, minTimeout, startingDelay,
// backoffLimit, maxRetryTime, …) or in a slip (baseDelay). The first pattern that fits wins.
const foreign: readonly (readonly [RegExp, string])[] = [
  [/attempts/i, 'maxRetries, one less'],
  [/retries|maxRetry$|times/i, 'maxRetries'],
  [/elapsed|retryTime|total/i, 'maxElapsedMs'],
  [/^timeout|attempt/i, 'attemptTimeoutMs'],
  [/max|limit|cap/i, 'maxDelayMs'],
  [/delay|timeout|interval/i, 'baseDelayMs'],
  [/random/i, 'jitter'],
  [/retryIf|should/i, 'classify, in the third argument'],
];

/** What to say about a key that no policy has: where it belongs, or what it is called here. */
export function meantBy(key: string): string {
  if (optionNames.test(key)) return `${key} belongs in the third argument`;
  const [, word] = foreign.find(([pattern]) => pattern.test(key)) ?? [];
  return word ? `use ${word}` : 'no such key';
}
