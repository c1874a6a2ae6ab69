import type { RetryPolicy } from '../policy/policy.js';
import { presets } from '../policy/presets.js';
import { isStatus } from '../policy/rules.js';

/**
 * What an HTTP status means: `'retry'` for the policy's `retryStatuses`, `'stop'` for the other 4xx and 5xx, undefined
 * for what is no failure or no status (anything but a whole number from 100 to 599).
 */
export function classifyStatus(
  status: number,
  policy: Pick<RetryPolicy, 'retryStatuses'> = presets.default,
): 'retry' | 'stop' | undefined {
  if (!isStatus(status)) return undefined;
  const family = `${Math.floor(status / 100)}xx`;
  if (policy.retryStatuses.some((pattern) => pattern === status || pattern === family)) return 'retry';
  return status >= 400 ? 'stop' : undefined;
}
