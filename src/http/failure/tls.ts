import { type Rule, useless, vaguely } from './finding.js';

/**
 * OpenSSL's and Node's codes for certificates, host names, protocol versions and alerts. EPROTO is what node:https says
 * where undici says ERR_SSL_….
 */
const CODES =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|EPROTO$|UND_ERR_PRX_TLS$)|CERTIFICATE/;

/** Trust and TLS configuration: the next attempt fails alike, and retrying hides an attack. */
export const tls: Rule = (level) => (CODES.test(level.code) ? useless : undefined);

const WORDS =
  /self-signed certificate|certificate has expired|unable to (?:verify the first|get (?:local )?issuer) certificate|does not match certificate's altnames|SSL routines/;

/** The same in words, where a client has kept nothing but the text. */
export const tlsInWords: Rule = (level) => (WORDS.test(level.message) ? vaguely(useless) : undefined);
