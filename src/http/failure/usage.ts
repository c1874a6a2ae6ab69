import { type Rule, useless, vaguely } from './finding.js';
import { statusOf } from './status.js';
import { isUnsent } from './unsent.js';

/** The machine's own limits and files: a socket path that is not there, no descriptors left, not allowed. */
const LOCAL =
  /^(?:EMFILE|ENFILE|ENOBUFS|ENOMEM|ENOSPC|EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EISDIR|EADDRINUSE|EAFNOSUPPORT|EPROTONOSUPPORT|EINVAL|EBADF)$/;

/** Bodies that cannot be read as what they should be. */
const UNREADABLE = /^(?:ERR_BODY_PARSE_FAILURE|PARSE_ERROR|Z_DATA_ERROR|(?:Zlib|\w+Decompression)Error)$/;

/** Peers that do not speak HTTP, redirects without end, options and arguments that are wrong. */
const WRONG =
  /^(?:HPE_|UND_ERR_|ERR_|Malformed|Invalid|Unexpected|Unsupported|TooMany)|^(?:UNDEFINED_VALUE|NOT_TAGGED_CALL|UNSAFE_TRANSACTION|MAX_PARAMETERS_EXCEEDED|SASL_SIGNATURE_MISMATCH)$/;

/**
 * What no second attempt can mend, by code. The last resort among the codes: Node's and undici's other ones, which are
 * about arguments and states, come here once the families of network and TLS have passed.
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
