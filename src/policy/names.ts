/** The options of a call, as opposed to the keys of a policy. */
export const optionNames = /^(signal|classify|classifyResult|onRetry|onEnd|random|clock|unref)$/;

// What the same things are called elsewhere (maxAttempts, numOfAttempts, retries, minTimeout, startingDelay,
// backoffLimit, maxRetryTime, …) or in a slip (baseDelay). The first pattern that fits wins.
const foreign: Readonly<Record<string, RegExp>> = {
  'maxRetries, one less': /attempts/i,
  maxRetries: /retries|maxRetry$|times/i,
  maxElapsedMs: /elapsed|retryTime|total/i,
  attemptTimeoutMs: /^timeout|attempt/i,
  maxDelayMs: /max|limit|cap/i,
  baseDelayMs: /delay|timeout|interval/i,
  jitter: /random/i,
  'classify, in the third argument': /retryIf|should/i,
};

/** What to say about a key that no policy has: where it belongs, or what it is called here. */
export function meantBy(key: string): string {
  if (optionNames.test(key)) return `${key} belongs in the third argument`;
  const word = Object.keys(foreign).find((name) => foreign[name]!.test(key));
  return word ? `use ${word}` : 'no such key';
}
