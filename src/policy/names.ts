/** The options of a call, as opposed to the keys of a policy. */
export const optionNames = /^(signal|classify|classifyResult|onRetry|onEnd|random|clock|unref)$/;

// What the same thing is called elsewhere (maxAttempts, numOfAttempts, retries, minTimeout, startingDelay, multiplier,
// maxRetryTime, …) and in a slip of ours (baseDelay). The first pattern that fits wins.
const foreign: readonly (readonly [RegExp, string])[] = [
  [/attempts|tries$(?<!retries)/i, 'maxRetries, one less'],
  [/retries|times$/i, 'maxRetries'],
  [/elapsed|deadline|total|retryTime/i, 'maxElapsedMs'],
  [/retryAfter/i, 'maxRetryAfterMs'],
  [/^(timeout|attemptTimeout)/i, 'attemptTimeoutMs'],
  [/max|cap|limit/i, 'maxDelayMs'],
  [/delay|timeout|interval|base/i, 'baseDelayMs'],
  [/multipl|exponent|factor/i, 'factor'],
  [/random|noise|jitter/i, 'jitter'],
  [/status/i, 'retryStatuses'],
  [/should|retryIf|retryOn/i, 'classify, in the third argument'],
];

/** What to say about a key that no policy has: where it belongs, or what it is called here. */
export function meantBy(key: string): string {
  if (optionNames.test(key)) return `${key} belongs in the third argument`;
  const known = foreign.find(([pattern]) => pattern.test(key));
  return known ? `use ${known[1]}` : 'no such key';
}
