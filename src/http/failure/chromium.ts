import { neverSent, perhapsSent, type Rule, useless } from './finding.js';

/** The name of a network error, as Electron's `net.fetch` and the DevTools protocol print it. */
const NAME = /\bnet::ERR_(\w+)/;

/** Trust, TLS versions, aborts, what the browser forbids, and what is wrong with the request. Not a damaged record. */
const FINAL = /^(?:CERT|(?:BAD_)?SSL_(?!BAD_RECORD)|BLOCKED|INVALID|UNSAFE|UNKNOWN_URL|TOO_MANY|ABORTED)/;

/** No connection was made, neither to the server nor to a proxy. */
const UNREACHED = /^(?:NAME_|DNS_|(?:\w+_)?CONNECTION_(?:REFUSED|FAILED|TIMED_OUT))/;

/** The network is gone, or a connection was lost, perhaps after the request had been sent. */
const LOST =
  /RESET|CLOSED|ABORTED|DISCONNECTED|UNREACHABLE|TIMED_OUT|^NETWORK_(?:CHANGED|IO)|EMPTY_RESPONSE|NOT_CONNECTED|LENGTH_MISMATCH|INCOMPLETE|PING_FAILED|QUIC_PROTOCOL|RECORD_MAC/;

/** The network errors of Chromium. */
export const chromium: Rule = ({ message }) => {
  const name = NAME.exec(message)?.[1] ?? '';
  if (FINAL.test(name)) return useless;
  if (UNREACHED.test(name)) return neverSent;
  return LOST.test(name) ? perhapsSent : undefined;
};
