import type { RetryPolicy } from '../policy/policy.js';
import { presets } from '../policy/presets.js';
import { isStatus } from '../policy/rules.js';

/**
 * What an HTTP status means: `'retry'` for the policy's `retryStatuses`, `'stop'` for every other status from 400 to 999.
 * Undefined below 400, where nothing has failed, and for anything but a whole number from 100 to 999.
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
