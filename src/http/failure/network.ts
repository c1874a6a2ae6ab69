import { neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { isObject } from './level.js';
import { isUnsent } from './unsent.js';

/** No way to the server, or nobody there: names that do not resolve, refused and unroutable connections. */
const UNREACHED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|ESERVFAIL|EREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENONET|EADDRNOTAVAIL|UND_ERR_PRX_CONN|ERR_HTTP2_GOAWAY_SESSION|ConnectionRefused|FailedToOpenSocket)$/;

/** A connection that was there meets with the same codes when the way to the server is lost. */
const UNDER_WAY = /\b(?:read|write) E[A-Z]+/;

/** A connection that was there, and is not any more. */
const LOST =
  /^(?:ECONNRESET|EPIPE|ENOTCONN|ESHUTDOWN|ENETRESET|UND_ERR_SOCKET|UND_ERR_INFO|ERR_STREAM_PREMATURE_CLOSE|ERR_STREAM_DESTROYED|ERR_SOCKET_CLOSED|(?:ERR_HTTP|UND_ERR_RES)_CONTENT_LENGTH_MISMATCH|Z_BUF_ERROR|ERR_HTTP2_SESSION_ERROR|ConnectionClosed|ConnectionReset|SocketClosed)$/;

/** HTTP/2 resets of a stream that say nothing against the request itself. */
const MILD_RESET = /NGHTTP2_(?:INTERNAL_ERROR|CANCEL|ENHANCE_YOUR_CALM|NO_ERROR)/;

/** Lost connections, by code. */
export const network: Rule = (level) => {
  const { code, message } = level;
  if (UNREACHED.test(code)) return UNDER_WAY.test(message) ? perhapsSent : neverSent;
  if (LOST.test(code)) return isUnsent(level) ? neverSent : perhapsSent;
  // The text of axios for a body that was cut off, under the code of a bad response.
  if (code === 'ERR_BAD_RESPONSE' && /aborted/.test(message)) return perhapsSent;
  // What these are about, their cause tells. That of axios is the cause of "fetch failed", and may be about the request.
  if (code === 'ERR_NETWORK') return vaguely(isObject(level.read('cause')) ? useless : perhapsSent);
  if (/^ERR_(?:HTTP2_STREAM_CANCEL|READING_RESPONSE_STREAM)$/.test(code)) return vaguely(perhapsSent);
  if (code === 'ERR_HTTP2_STREAM_ERROR') {
    // RFC 9113, 8.7: a refused stream has not been processed.
    if (message.includes('NGHTTP2_REFUSED_STREAM')) return neverSent;
    if (MILD_RESET.test(message)) return perhapsSent;
  }
  return undefined;
};
