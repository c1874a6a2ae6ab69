import { type Finding, perhapsSent, type Rule, useless, vaguely } from './finding.js';

/**
 * OpenSSL's and Node's codes for certificates, host names, protocol versions and alerts. EPROTO is what node:https says
 * where undici says ERR_SSL_….
 */
const CODES =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|EPROTO$|UND_ERR_PRX_TLS$)|CERTIFICATE/;

/**
 * A record that was damaged on the way, a connection that ended in the middle of one, an alert about trouble inside the
 * server (RFC 8446, 6.2). OpenSSL has these words in its messages, and with underscores in its codes.
 */
const DAMAGED =
  /bad.record.mac|decryption.failed|unexpected.eof|alert.(?:internal.error|record.overflow|user.cancell?ed)/i;

const judged = (text: string): Finding => (DAMAGED.test(text) ? perhapsSent : useless);

/** Trust and TLS configuration: the next attempt fails alike, and retrying hides an attack. A damaged record is a lost connection. */
export const tls: Rule = ({ code, message }) => (CODES.test(code) ? judged(`${code} ${message}`) : undefined);

const WORDS =
  /self-signed certificate|certificate has expired|unable to (?:verify the first|get (?:local )?issuer) certificate|does not match certificate's altnames|SSL routines/;

/** The same in words, where a client has kept nothing but the text. */
export const tlsInWords: Rule = (level) =>
  WORDS.test(level.message) ? vaguely(judged(level.message)) : undefined;
