import type { Rule } from './finding.js';

/**
 * The errors of two clients that say when to come back without a status or headers: discord.js in milliseconds, Slack's in
 * seconds. So `retryAfter` of any other error is not to be read.
 */
export const rateLimited: Rule = (level) => {
  const wait = level.read('retryAfter');
  if (typeof wait !== 'number' || !(wait >= 0)) return undefined;
  if (level.code === 'slack_webapi_rate_limited_error') {
    return { verdict: { retryAfterMs: Math.ceil(wait * 1000) }, sent: 'yes' };
  }
  return level.name.startsWith('RateLimitError[')
    ? { verdict: { retryAfterMs: Math.ceil(wait) }, sent: 'yes' }
    : undefined;
};
