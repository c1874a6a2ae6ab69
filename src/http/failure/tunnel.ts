import { classifyStatus } from '../../index.js';
import { neverSent, type Rule } from './finding.js';

/** What undici, Node, and tunnel (or tunnel-agent) say, with the status if the proxy has answered. */
const WORDS =
  /^Proxy response \((\d+)|^Failed to establish tunnel .* HTTP\/\S+ (\d+)|^tunneling socket could not be established(?:, statusCode=(\d+))?/;

/**
 * The proxy did not build the tunnel, so nothing of the request has left. Its status is judged as the server's would be,
 * by the default `retryStatuses`. undici calls it an abort, but the caller has aborted nothing.
 */
export const tunnel: Rule = ({ code, message }) => {
  const words = WORDS.exec(message);
  // Deno prints the words of 407.
  const status = /proxy auth\w+ required/i.test(message) ? 407 : Number(words?.slice(1).join(''));
  if (status) return { verdict: classifyStatus(status) ?? 'stop', sent: 'no' };
  return words || code === 'ERR_PROXY_TUNNEL' ? neverSent : undefined;
};
