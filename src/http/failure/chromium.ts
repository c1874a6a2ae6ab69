import { neverSent, perhapsSent, type Rule, useless } from './finding.js';

/** The name of a network error, as Electron's `net.fetch` and the DevTools protocol print it. */
const NAME = /\bnet::ERR_(\w+)/;

/** No connection was made. */
const UNREACHED =
  /^(?:NAME_(?:NOT_RESOLVED|RESOLUTION_FAILED)|DNS_\w+|(?:PROXY_|TUNNEL_|SOCKS_)?CONNECTION_(?:REFUSED|FAILED|TIMED_OUT|HOST_UNREACHABLE)|QUIC_HANDSHAKE_FAILED|HTTP2_SERVER_REFUSED_STREAM)$/;

/** The network is gone, or a connection was lost, perhaps after the request had been sent. */
const LOST =
  /^(?:CONNECTION_(?:RESET|CLOSED|ABORTED)|INTERNET_DISCONNECTED|ADDRESS_UNREACHABLE|NETWORK_(?:CHANGED|IO_SUSPENDED)|TIMED_OUT|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED_ENCODING|HTTP2_(?:PING_FAILED|RST_STREAM_NO_ERROR_RECEIVED)|QUIC_PROTOCOL_ERROR|SSL_BAD_RECORD_MAC_ALERT)$/;

/** Trust, TLS versions, aborts, what the browser forbids, and what is wrong with the request or the answer. */
const FINAL =
  /^(?:CERT_|CERTIFICATE_|SSL_|BAD_SSL_|BLOCKED_|INVALID_|UNSAFE_|DISALLOWED_|UNKNOWN_URL_SCHEME|TOO_MANY_REDIRECTS|NETWORK_ACCESS_DENIED|ACCESS_DENIED|FILE_|RESPONSE_HEADERS_|CONTENT_DECODING_|ABORTED$)/;

/** The network errors of Chromium. */
export const chromium: Rule = ({ message }) => {
  const name = NAME.exec(message)?.[1] ?? '';
  if (UNREACHED.test(name)) return neverSent;
  if (LOST.test(name)) return perhapsSent;
  return FINAL.test(name) ? useless : undefined;
};
