import { neverSent, type Rule, useless } from './finding.js';

/** System errors and their text name the call: `getaddrinfo`, or one of c-ares such as `querySrv`. */
const CALL = /^(?:getaddrinfo|getnameinfo|getHostByAddr|query[A-Z]\w*)$/;
const MESSAGE = /\b(?:getaddrinfo|query[A-Z]\w*) E[A-Z]+/;

/** The resolver is busy, out of memory, or has no usable answer now. Names as in c-ares' ares_strerror. */
const FOR_NOW =
  /^E(?:BUSY|AGAIN|NOMEM|NOBUFS|CANCELED|NODATA|FORMERR|SERVFAIL|NOTIMP|REFUSED|BADRESP|CONNREFUSED|OF)$/;

/** The name or the query cannot be asked for. */
const WRONG = /^E(?:BAD(?:NAME|QUERY|FAMILY|STR|FLAGS|HINTS)|NONAME)$/;

/** A host name that was not resolved: there was no connection yet. The same codes mean something else elsewhere. */
export const resolver: Rule = (level) => {
  if (!CALL.test(level.text('syscall')) && !MESSAGE.test(level.message)) return undefined;
  if (FOR_NOW.test(level.code)) return neverSent;
  return WRONG.test(level.code) ? { ...useless, sent: 'no' } : undefined;
};
