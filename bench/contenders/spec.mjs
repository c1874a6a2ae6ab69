/** The work of a question in the words of a policy. */
export const specOf = ({ retries, delayMs, jitter = false }) => ({
  maxRetries: retries,
  backoff: 'constant',
  baseDelayMs: delayMs,
  maxDelayMs: Math.max(delayMs, 1),
  jitter: jitter ? 'full' : 'none',
});
