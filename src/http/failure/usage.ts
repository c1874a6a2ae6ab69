import { type Rule, useless, vaguely } from './finding.js';
import { statusOf } from './status.js';
import { isUnsent } from './unsent.js';

/** The machine's own limits and files: a socket path that is not there, no descriptors left, not allowed. */
const LOCAL =
  /^(?:EMFILE|ENFILE|ENOBUFS|ENOMEM|ENOSPC|EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EISDIR|EADDRINUSE|EAFNOSUPPORT|EPROTONOSUPPORT|EINVAL|EBADF)$/;

/** Bodies that cannot be read as what they should be. */
const UNREADABLE =
  /^(?:ERR_BODY_PARSE_FAILURE|PARSE_ERROR|Z_DATA_ERROR|ERR__ERROR_FORMAT_\w+|(?:Zlib|\w+Decompression)Error)$/;

/** Peers that do not speak HTTP, redirects without end, options and arguments that are wrong. */
const WRONG =
  /^(?:HPE_|Malformed|Invalid|Unexpected|Unsupported|TooMany)|^(?:UND_)?ERR_(?:CLOSED|DESTROYED|\w*(?:INVALID|BAD_|MISSING|UN(?:KNOWN|SUPPORTED|ESCAPED)|NOT_(?:SUPPORT|IMPLEMENTED|ALLOWED|FOUND)|FORBIDDEN|ILLEGAL|TOO_|EXCEEDED|OVERFLOW|OUT_OF|MISMATCH|LENGTH|ALREADY|AFTER_|_SENT|HTTP2_(?:CONNECT_|STREAM_ERROR)))|^(?:UNDEFINED_VALUE|NOT_TAGGED_CALL|UNSAFE_TRANSACTION|MAX_PARAMETERS_EXCEEDED|SASL_SIGNATURE_MISMATCH)$/;

/**
 * What no second attempt can mend, by code. Of Node's and undici's codes, only those whose words are about
 * arguments and states: a code that no rule knows stays unknown.
 */
export const usage: Rule = (level) => {
  const { code } = level;
  if (LOCAL.test(code)) return isUnsent(level) ? { ...useless, sent: 'no' } : useless;
  if (UNREADABLE.test(code) || level.isNamed(/^(?:SyntaxError|ParseError)$/)) {
    // The Azure clients call a body that was cut off unreadable.
    if (level.message.endsWith(': aborted')) return { verdict: 'retry', sent: 'maybe' };
    return Number.isNaN(statusOf(level).value) ? useless : { ...useless, sent: 'yes' };
  }
  if (level.isNamed(/^HTTPParserError$/) || level.text('type') === 'max-redirect') return useless;
  return WRONG.test(code) ? vaguely(useless) : undefined;
};
