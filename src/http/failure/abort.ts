import { perhapsSent, type Rule, useless } from './finding.js';

const NAMES =
  /^(?:AbortError|CanceledError|CancelError|CancelledError|APIUserAbortError|RequestAbortedError)$/;
const CODES = /^(?:ABORT_ERR|ABORTED|AbortError|ERR_ABORTED|ERR_CANCELED|UND_ERR_ABORTED)$/;

/** The caller has given up. But an abort that was caused by a time limit is a timeout. */
export const abort: Rule = (level) => {
  if (!level.isNamed(NAMES) && !CODES.test(level.code)) {
    // What XMLHttpRequest calls an abort shares its code with the timeouts of axios.
    return level.code === 'ECONNABORTED' && /^request aborted$/i.test(level.message) ? useless : undefined;
  }
  return level.text('cause', 'name') === 'TimeoutError' ? perhapsSent : useless;
};
