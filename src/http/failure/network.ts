import { neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { isObject, type Level } from './level.js';
import { isUnsent } from './unsent.js';

/** No connection: names that do not resolve, refused and unroutable connections, HTTP/2 sessions that are closed. */
const UNREACHED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|ESERVFAIL|EREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ENONET|EADDRNOTAVAIL|UND_ERR_PRX_CONN|ERR_SOCKET_CLOSED_BEFORE_CONNECTION|ERR_HTTP2_(?:GOAWAY_SESSION|INVALID_SESSION|OUT_OF_STREAMS)|ConnectionRefused|FailedToOpenSocket|HTTP[23]RefusedStream)$/;

/**
 * The resolver is busy or has no usable answer now (names of libuv and c-ares), or this machine has no free port or buffer.
 * The codes mean something else with another call: `listen EADDRINUSE`, a file that is busy.
 */
const FOR_NOW = /^E(?:BUSY|AGAIN|NOMEM|NOBUFS|NOSR|ADDRINUSE|CANCELED|NODATA|FORMERR|NOTIMP|BADRESP|OF)$/;

/** An open connection can fail with these codes too, when the route to the server is lost. */
const UNDER_WAY = /\b(?:read|write|send) E[A-Z]+/;
const isUnderWay = (level: Level): boolean =>
  UNDER_WAY.test(level.message) || /^(?:read|write|send)$/.test(level.text('syscall'));

/** A connection that was there and is lost, or a stream of it. */
const LOST =
  /^(?:ECONNRESET|EPIPE|ENOTCONN|ESHUTDOWN|ENETRESET|UND_ERR_SOCKET|UND_ERR_INFO|ERR_STREAM_PREMATURE_CLOSE|ERR_STREAM_DESTROYED|ERR_STREAM_UNABLE_TO_PIPE|ERR_SOCKET_CLOSED|(?:ERR_HTTP|UND_ERR_RES)_CONTENT_LENGTH_MISMATCH|HPE_INVALID_EOF_STATE|Z_BUF_ERROR|ERR_HTTP2_(?:SESSION_ERROR|INVALID_STREAM|SOCKET_UNBOUND|PING_CANCEL|SETTINGS_CANCEL)|ConnectionClosed|ConnectionReset|SocketClosed|HTTP[23](?:StreamReset|GoAway))$/;

/** HTTP/2 resets of a stream that say nothing against the request itself. */
const MILD_RESET =
  /NGHTTP2_(?:INTERNAL_ERROR|CANCEL|ENHANCE_YOUR_CALM|NO_ERROR|STREAM_CLOSED|SETTINGS_TIMEOUT|CONNECT_ERROR)/;

/** Lost connections, by code. */
export const network: Rule = (level) => {
  const { code, message } = level;
  if (UNREACHED.test(code)) return isUnderWay(level) ? perhapsSent : neverSent;
  if (LOST.test(code)) return isUnsent(level) ? neverSent : perhapsSent;
  if (FOR_NOW.test(code)) return isUnsent(level) ? neverSent : isUnderWay(level) ? perhapsSent : undefined;
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
