import { type Rule, useless } from './finding.js';

/**
 * OpenSSL's and Node's codes for certificates, host names, protocol versions and alerts. EPROTO is what node:https says
 * where undici says ERR_SSL_….
 */
const CODES =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_C|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|EPROTO$|UND_ERR_PRX_TLS$)|CERTIFICATE/;

/** Trust and TLS configuration: the next attempt fails alike, and retrying hides an attack. */
export const tls: Rule = (level) => (CODES.test(level.code) ? useless : undefined);
