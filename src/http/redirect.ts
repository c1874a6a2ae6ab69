import type { RequestHead } from './request-head.js';

/** The request that a redirect asks for. */
export interface Hop {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly keepsBody: boolean;
}

const STATUSES = new Set([301, 302, 303, 307, 308]);
const OF_BODY = /^content-(?:encoding|language|length|location|type)$/;
const OF_ORIGIN = /^(?:authorization|cookie|host|proxy-authorization)$/;

/**
 * Whether `redirect: 'manual'` shows where a redirect leads to. Node, Deno and Bun do; browsers and Electron hide it. Their
 * errors do not tell either whether a connection was made, so there a POST is never sent again after an error.
 */
export function showsRedirects(): boolean {
  const { process } = globalThis as { process?: { versions?: Record<string, string | undefined> } };
  const { node, electron, nw } = process?.versions ?? {};
  return node !== undefined && electron === undefined && nw === undefined;
}

/**
 * The next request after this response; undefined if it is no redirect. The rules of "HTTP-redirect fetch" (Fetch, 4.4).
 *
 * @throws TypeError as `fetch` does for a location that is no http(s) URL.
 */
export function nextHop({ status, headers, url }: Response, head: RequestHead): Hop | undefined {
  const location = STATUSES.has(status) && headers.get('location');
  if (!location) return undefined;
  const from = new URL(url || head.url);
  const to = new URL(utf8(location), from);
  if (!/^https?:$/.test(to.protocol)) {
    throw new TypeError(`redirected to ${to.protocol}, which is not http: or https:`);
  }
  to.hash ||= from.hash;
  const keepsBody = status === 303 ? head.method === 'HEAD' : status > 303 || head.method !== 'POST';
  const isSameOrigin = to.origin === from.origin;
  const kept = [...head.headers].filter(
    ([name]) => (keepsBody || !OF_BODY.test(name)) && (isSameOrigin || !OF_ORIGIN.test(name)),
  );
  return { url: to.href, method: keepsBody ? head.method : 'GET', headers: new Headers(kept), keepsBody };
}

/** Header fields are read byte by byte; a location with bytes above ASCII is UTF-8. */
const utf8 = (field: string): string =>
  /[^\0-\xff]/.test(field)
    ? field
    : new TextDecoder().decode(Uint8Array.from(field, (char) => char.charCodeAt(0)));
