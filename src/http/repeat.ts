import type { Verdict } from '../index.js';
import { judged } from './failure.js';
import type { OutgoingRequest } from './request.js';
import type { RequestHead } from './request-head.js';
import { requestSent } from './sent.js';

/** Whether a POST or PATCH may be sent again although the first one may have been processed. */
export type Idempotent = boolean | ((request: RequestHead) => boolean) | null | undefined;

/** Whether sending the request twice does no harm: by its method, by its Idempotency-Key, or because the caller says so. */
export const mayRepeat = (request: OutgoingRequest, idempotent: Idempotent): boolean =>
  request.isIdempotent ||
  (typeof idempotent === 'function' ? idempotent(request.head) : (idempotent ?? false));

/**
 * The verdict on the error of a request that may be repeated, or (`isRepeatable` false) must not be sent again if it may
 * have arrived. An unknown failure stops. Undefined where the core judges: marks, statuses.
 *
 * @param isUnseen whether no redirect can have answered the request before the error. Default: what the error tells.
 */
export function judgeError(
  error: unknown,
  isRepeatable: boolean,
  isUnseen: () => boolean = () => requestSent(error) === 'no',
): Verdict | undefined {
  const finding = judged(error);
  if (!finding) return 'stop';
  return isRepeatable || (finding.sent === 'no' && isUnseen()) ? finding.verdict : 'stop';
}
