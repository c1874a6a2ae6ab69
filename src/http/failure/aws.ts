import { readRetryHint } from '../hints.js';
import { retryAfter } from '../should-retry.js';
import type { Rule } from './finding.js';
import { isObject } from './level.js';
import { headersOf } from './status.js';

/** The names by which the services throttle, some with status 400, and two by which they call a request too slow. */
const THROTTLING =
  /^(?:BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled|RequestThrottledException|SlowDown|ThrottledException|Throttling|ThrottlingException|TooManyRequestsException|TransactionInProgressException|RequestTimeout|RequestTimeoutException)$/;

/** AWS SDK v3: what the service has marked, or named, as worth a retry. All else is left to its status. */
export const aws: Rule = (level) => {
  if (!isObject(level.read('$metadata'))) return undefined;
  // An own key with the value undefined is there on every error.
  const isRetryable = THROTTLING.test(level.name) || isObject(level.read('$retryable'));
  if (!isRetryable) return undefined;
  return { verdict: retryAfter(readRetryHint(headersOf(level))), sent: 'yes' };
};
