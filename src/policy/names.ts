/** The options of a call, as opposed to the keys of a policy. */
export const optionNames =
  /^(signal|classify|classifyResult|policyFor|onAttempt|onRetry|onEnd|name|random|clock|unref)$/;

// What the same things are called elsewhere (maxAttempts, numOfAttempts, retries, minTimeout, startingDelay,
// backoffLimit, maxRetryTime, …) or in a slip (baseDelay). The first pattern that fits wins.
const foreign: Readonly<Record<string, RegExp>> = {
  'classify, in the third argument': /retryIf|should/i,
  'maxRetries, one less': /attempt(s|limit)|^(max)?tr(y|ies)$/i,
  maxRetryAfterMs: /retryAfter/i,
  maxRetries: /retries|maxRetry$|times|retryLimit|^limit/i,
  maxElapsedMs: /elapsed|retryTime|total/i,
  jitter: /jitter|random/i,
  attemptTimeoutMs: /^timeout|attemptTimeout/i,
  maxDelayMs: /max|limit|^cap$/i,
  baseDelayMs: /delay(?!f)|timeout|interval/i,
};

/** What to say about a key that no policy has: where it belongs, or what it is called here. */
export function meantBy(key: string): string {
  if (optionNames.test(key)) return `${key} belongs in the third argument`;
  const word = Object.keys(foreign).find((name) => foreign[name]!.test(key));
  return word ? `use ${word}` : 'no such key';
}
