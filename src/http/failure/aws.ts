import { readRetryHint } from '../hints.js';
import { retryAfter } from '../should-retry.js';
import type { Rule } from './finding.js';
import { isObject, type Level, read, text } from './level.js';
import { headersOf, statusOf } from './status.js';

/** The names by which the services throttle, some with status 400; two by which they call a request too slow; conflicts of DynamoDB. */
const PASSING =
  /^(?:LimitExceededException|SlowDown|PriorRequestNotComplete|(?:(?:Bandwidth|Request)LimitExceeded|(?:EC2|Request)?Throttl(?:ed|ing)|ProvisionedThroughputExceeded|TooManyRequests|Transaction(?:InProgress|Conflict)|ReplicatedWriteConflict|RequestTimeout)(?:Exception|Error)?)$/;

/** AWS SDK v3: what the service has marked, or named, as worth a retry. All else is left to its status. */
export const aws: Rule = (level) => {
  if (!isObject(level.read('$metadata'))) return undefined;
  const retryable = level.read('$retryable');
  if (retryable === false) return { verdict: 'stop', sent: 'yes' };
  const isRetryable =
    PASSING.test(level.name) ||
    // An own key with the value undefined is there on every error.
    isObject(retryable) ||
    retryable === true ||
    isClockCorrected(level) ||
    isCancelledForNow(level);
  if (!isRetryable) return undefined;
  return { verdict: retryAfter(readRetryHint(headersOf(level))), sent: 'yes' };
};

/** The service has refused the signature because of the time; the SDK has set its clock, and leaves the rest to a retry. */
const isClockCorrected = (level: Level): boolean =>
  level.read('$metadata', 'clockSkewCorrected') === true && /^40[013]$/.test(String(statusOf(level).value));

/** A transaction of DynamoDB has a reason for each item, `None` for those that were in order: all others have to pass. */
function isCancelledForNow(level: Level): boolean {
  if (level.name !== 'TransactionCanceledException') return false;
  const reasons = level.list('CancellationReasons').map((reason) => text(read(reason, 'Code')));
  // Errors that were copied keep the text alone.
  const codes = reasons.length > 0 ? reasons : (/\[([\w, ]+)\]/.exec(level.message)?.[1] ?? '').split(', ');
  const causes = codes.filter((code) => code !== 'None');
  return causes.length > 0 && causes.every((code) => PASSING.test(code));
}
