import { perhapsSent, type Rule, useless } from './finding.js';

/**
 * Cloudflare's runtime marks its plain Errors: `retryable` for a failure that passes, `overloaded` for a Durable Object
 * that must not get more requests (https://developers.cloudflare.com/durable-objects/best-practices/error-handling/).
 */
export const workerd: Rule = (level) => {
  if (level.name !== 'Error' || level.code !== '') return undefined;
  if (level.read('overloaded') === true) return useless;
  return level.read('retryable') === true ? perhapsSent : undefined;
};
