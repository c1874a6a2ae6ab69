import { nextHop } from './redirect.js';
import type { RequestHead } from './request-head.js';

/** Calls the `fetch` of this attempt. */
type Send = (input: unknown, init: RequestInit | undefined) => Promise<Response>;

/** The parts of a `Request` that count here. */
interface RequestLike {
  readonly url: string;
  readonly method: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body?: { cancel?(): Promise<void> } | null;
  readonly bodyUsed: boolean;
  readonly signal?: AbortSignal | null;
  readonly redirect?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  clone(): RequestLike;
}

/** Methods whose effect is the same when the request arrives twice (RFC 9110, 9.2.2; QUERY is safe by its draft). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']);

/** Bodies that give the same bytes each time, by the name of their class: those of undici are not the global ones. */
const REPEATABLE = /^\[object (?:Blob|File|FormData|URLSearchParams|(?:Shared)?ArrayBuffer)\]$/;

/** One call of `fetch`: what goes out, and whether it can go out again. */
export class OutgoingRequest {
  readonly head: RequestHead;
  /** The caller's signal: that of `init` counts, also if it is null, else that of the `Request`. */
  readonly signal: AbortSignal | null | undefined;
  /** A body that can be sent only once. */
  readonly isOneShot: boolean;

  /** What a redirect is answered with: `'follow'`, `'error'` or `'manual'`. */
  readonly redirect: string;
  /** A redirect has answered the request, so it has arrived. */
  wasRedirected = false;

  readonly #input: unknown;
  readonly #request: RequestLike | undefined;
  readonly #init: RequestInit | undefined;

  constructor(input: unknown, given: RequestInit | null | undefined) {
    this.#input = input;
    this.#request = isRequest(input) ? input : undefined;
    this.#init = given ? copyOf(given) : undefined;
    const init: RequestInit = this.#init ?? {};
    this.head = {
      method: (init.method ?? this.#request?.method ?? 'GET').toUpperCase(),
      url: this.#request?.url ?? String(input),
      headers: headersOf(init.headers ?? this.#request?.headers),
      body: typeof init.body === 'string' ? init.body : undefined,
    };
    this.signal = init.signal === undefined ? this.#request?.signal : init.signal;
    this.redirect = init.redirect ?? this.#request?.redirect ?? 'follow';
    this.isOneShot = !this.#isRepeatable();
  }

  /** Whether sending it twice does no harm by its method, or because the server can tell the copies. */
  get isIdempotent(): boolean {
    return IDEMPOTENT.has(this.head.method) || this.head.headers.has('idempotency-key');
  }

  /** Sends it, or a copy of it so that its body stays whole; under another signal, if one is given. */
  send(fetch: Send, signal: AbortSignal | undefined): Promise<Response> {
    const input = this.#hasBodyOfItsOwn() && !this.isOneShot ? this.#request!.clone() : this.#input;
    return fetch(input, signal ? { ...this.#init, signal } : this.#init);
  }

  /**
   * The same, but its first redirect is not left to `fetch`. An error does not tell how many redirects came before it, and
   * where there was one, the request has arrived and must not be sent again.
   */
  async sendNotingRedirects(fetch: Send, signal: AbortSignal | undefined): Promise<Response> {
    const first = await this.send((input, init) => fetch(input, { ...init, redirect: 'manual' }), signal);
    const hop = nextHop(first, this.head);
    if (!hop) return first;
    this.wasRedirected = true;
    discard(first);
    const body = !hop.keepsBody
      ? undefined
      : this.#hasBodyOfItsOwn()
        ? await this.#request!.clone().arrayBuffer()
        : this.#init?.body;
    const last = await fetch(hop.url, {
      ...copyOf(this.#request),
      ...this.#init,
      method: hop.method,
      headers: hop.headers,
      body: body ?? null,
      redirect: 'follow',
      signal: signal ?? this.signal ?? null,
    });
    Reflect.defineProperty(last, 'redirected', { value: true, configurable: true });
    return last;
  }

  /** Whether `fetch` has followed a redirect before this response. React Native tells it by the URL only. */
  isRedirected({ redirected, url }: Response): boolean {
    return redirected ?? (!!url && url !== new URL(this.head.url).href.replace(/#.*/, ''));
  }

  /** The body of a `Request` that was kept for further attempts is used up by the call, as with any `fetch`. */
  release(): void {
    if (this.#hasBodyOfItsOwn() && !this.isOneShot) discard(this.#request);
  }

  #isRepeatable(): boolean {
    const { body, duplex } = (this.#init ?? {}) as RequestInit & { duplex?: string };
    // `duplex: 'half'` asks for the body of a Request to be streamed, which a copy would keep in memory.
    if (body === undefined || body === null) {
      return !this.#request?.bodyUsed && !(duplex === 'half' && this.#hasBodyOfItsOwn());
    }
    return (
      typeof body !== 'object' ||
      ArrayBuffer.isView(body) ||
      REPEATABLE.test(Object.prototype.toString.call(body))
    );
  }

  /** Some platforms do not show the body of a `Request`: then every method that may have one is taken to have one. */
  #hasBodyOfItsOwn(): boolean {
    const request = this.#request;
    if (!request || (this.#init?.body ?? undefined) !== undefined) return false;
    return request.body === undefined ? !/^(?:GET|HEAD)$/i.test(request.method) : request.body !== null;
  }
}

/** Lets go of a body that nobody will read, so that its connection is free again. Never throws. */
export function discard(holder: { readonly body?: unknown } | undefined): void {
  try {
    const body = holder?.body as { cancel?(): Promise<void>; destroy?(): void } | null | undefined;
    // node-fetch has streams of Node, without `cancel`. One that somebody else reads is theirs.
    if (body?.cancel) body.cancel().catch(() => {});
    else body?.destroy?.();
  } catch {
    // There is nothing more to let go of.
  }
}

function isRequest(input: unknown): input is RequestLike {
  return typeof input === 'object' && input !== null && 'url' in input && 'clone' in input;
}

/** All that `fetch` would find in it, inherited or not: a `Request` may stand there too. */
function copyOf(init: object | undefined): RequestInit {
  const copy: Record<string, unknown> = {};
  for (const key in init) copy[key] = Reflect.get(init, key);
  // An iterator of pairs would be empty the second time.
  if (isIterator(copy['headers'])) copy['headers'] = [...copy['headers']];
  return copy;
}

const isIterator = (headers: unknown): headers is Iterable<[string, string]> =>
  typeof (headers as { next?: unknown } | null | undefined)?.next === 'function';

/** Headers that cannot be read are for `fetch` to refuse. */
function headersOf(headers: unknown): Headers {
  try {
    return new Headers(headers as HeadersInit | undefined);
  } catch {
    return new Headers();
  }
}
