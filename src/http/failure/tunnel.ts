import { classifyStatus } from '../../index.js';
import { neverSent, type Rule } from './finding.js';

/** A proxy that refuses CONNECT, in the words of undici, Node, tunnel and tunnel-agent, each with the status. */
const ANSWERED =
  /^Proxy response \((\d{3})\)|^Failed to establish tunnel .* HTTP\/\S+ (\d{3})|^tunneling socket could not be established, statusCode=(\d{3})/;

/** A tunnel that was not built for another reason: the proxy closed the connection, or was too slow. */
const FAILED = /^tunneling socket could not be established/;

/** Deno prints no status, only what 407 means. */
const NO_CREDENTIALS = /proxy auth\w+ required/i;

/**
 * The proxy did not build the tunnel, so nothing of the request has left. Its status is judged as the server's would be,
 * by the default `retryStatuses`. undici calls it an abort, but the caller has aborted nothing.
 */
export const tunnel: Rule = ({ code, message }) => {
  const status = NO_CREDENTIALS.test(message) ? 407 : Number(ANSWERED.exec(message)?.slice(1).join(''));
  if (status) return { verdict: classifyStatus(status) ?? 'stop', sent: 'no' };
  return code === 'ERR_PROXY_TUNNEL' || FAILED.test(message) ? neverSent : undefined;
};
