import { neverSent, perhapsSent, type Rule } from './finding.js';
import { statusOf } from './status.js';
import { isUnsent } from './unsent.js';

/** ETIMEDOUT, ESOCKETTIMEDOUT, UND_ERR_HEADERS_TIMEOUT, CONNECT_TIMEOUT, TimeoutError (gaxios), … */
const CODE = /TIME_?D?_?OUT|^(?:ETIME|ECONNABORTED)$/i;
const CONNECTING = /CONNECT_TIMEOUT|CONNECTION_TIMEOUT|HANDSHAKE_TIMEOUT|^ETIMEOUT$/;
/** The phases of got that come before the request; that of `socket`, a silence, may come at any time. */
const EARLY_PHASE = /^(?:lookup|connect|secureConnect)$/;

/** A time limit of one attempt. A server that answers 408 or 504 is judged by its status, whatever the error is called. */
export const timeout: Rule = (level) => {
  if (!CODE.test(level.code) && !level.isNamed(/Timeout/)) return undefined;
  if (statusOf(level).value >= 400) return undefined;
  const isEarly =
    CONNECTING.test(level.code) ||
    EARLY_PHASE.test(level.text('event')) ||
    level.isNamed(/^Connect(?:ion)?TimeoutError$/) ||
    isUnsent(level);
  if (isEarly) return neverSent;
  // Not every cause is of the same attempt: openai's is, and one whose code has been copied, as by got.
  const isWrapper =
    (level.code !== '' && level.code === level.text('cause', 'code')) ||
    level.isNamed(/^APIConnectionTimeoutError$/);
  return isWrapper ? { ...perhapsSent, wraps: true } : perhapsSent;
};
