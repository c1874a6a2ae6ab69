import { type PolicySpec, retry, type RetryOptions, type RetryPolicy, type Verdict } from '../index.js';
import { type AttemptContext, isTimed, resolvePolicy } from '../internal.js';
import { checkedOptions, discard, headersOf, type HttpOptions, RequestRules } from './request-rules.js';

export type { HttpOptions } from './request-rules.js';

/** The part of a response of axios that counts here. */
export interface AxiosResponseLike {
  readonly status: number;
  readonly headers: any;
  readonly data: any;
}

/** The part of an instance of axios that counts here. */
export interface AxiosClient {
  readonly defaults: { adapter?: any };
  create?(config?: any): any;
  getAdapter?(adapters: any, config?: any): any;
}

/** The options of `retryAxios`: `idempotent`, and every option of `retry` except `signal`. */
export type RetryAxiosOptions = HttpOptions<AxiosResponseLike>;

/** The request of axios, as an adapter gets it. */
type Config = Record<string, any>;
type Send = (config: Config) => Promise<any>;

/** The key of a config that `withoutRetry` sets. axios keeps keys that it does not know. */
const OPT_OUT = 'ostinatoRetry';

/** Where the package follow-redirects, which axios uses in Node, counts the redirects of a request. */
const REDIRECTABLE = '_redirectable';
const COUNT = '_redirectCount';

/** Adapters made here: a client that has one already would multiply the attempts. */
const ours = /* @__PURE__ */ new WeakSet<object>();

/**
 * Makes every request of this axios client retry, and returns the client: `retryAxios(axios.create({ … }), policy)`.
 *
 * The client's adapter is replaced. So interceptors and transforms run once per request, and every attempt sends the same
 * bytes. The rules are those of `retryFetch`: a POST or PATCH is sent again only if nothing of it can have arrived, on
 * 408, 425 and 429, or if `idempotent` or an `Idempotency-Key` allows it. A body that can be sent once only (a stream)
 * means one attempt. Responses that `validateStatus` accepts are judged by their status all the same.
 *
 * `signal` and `cancelToken` of a request end it at once, also in a delay, with axios' `CanceledError`. `attemptTimeoutMs`
 * limits one attempt with its whole body, as `timeout` of axios does. Requests with an `adapter` of their own are not
 * retried, and neither are those made with `withoutRetry`.
 *
 * @param policy default `presets.default`.
 * @throws TypeError at once for a wrong client (also one that retries already), a wrong policy or wrong options.
 */
export function retryAxios<Client extends AxiosClient>(
  client: Client,
  policy?: PolicySpec,
  options?: RetryAxiosOptions | null,
): Client {
  const resolved = resolvePolicy(policy);
  const checked = checkedOptions(options);
  const send = sender(client);
  const adapter = (config: Config): Promise<any> =>
    config[OPT_OUT] === false
      ? send(config)
      : new Sending(send, config, resolved, checked, options?.idempotent).run();
  ours.add(adapter);
  client.defaults.adapter = adapter;
  return client;
}

/** A copy of the config of one request, which `retryAxios` then leaves alone: `client.get(url, withoutRetry({ timeout: 500 }))`. */
export const withoutRetry = <C extends object>(config?: C): C =>
  ({ ...config, [OPT_OUT]: false }) as unknown as C;

/** What sends a request as the client did until now. */
function sender(client: AxiosClient): Send {
  const adapter: unknown = client?.defaults?.adapter;
  if (typeof adapter === 'function') {
    if (ours.has(adapter)) {
      throw new TypeError(
        'client: got a client that retryAxios was called with before; call retryAxios once',
      );
    }
    return adapter as Send;
  }
  // The names of adapters. The default export of axios resolves them; other instances do it for their requests only.
  if (adapter && typeof client.getAdapter === 'function') {
    return (config) => (client.getAdapter!(adapter, config) as Send)(config);
  }
  if (adapter && typeof client.create === 'function') {
    const bare = client.create({ transformRequest: [], transformResponse: [] });
    // The headers of the request are complete; defaults would bring back what an interceptor has removed.
    bare.defaults.headers = {};
    const none = { adapter, transformRequest: [], transformResponse: [] };
    return (config) => bare.request({ ...config, ...none }) as Promise<any>;
  }
  throw new TypeError('client: expected axios, or an instance that axios.create has made');
}

/** One request of the caller, with all its attempts. */
class Sending {
  readonly #rules: RequestRules;
  /** The last failed response, as long as its stream may have to be let go. */
  #held: AxiosResponseLike | undefined;

  constructor(
    readonly send: Send,
    readonly config: Config,
    readonly policy: RetryPolicy,
    readonly options: Omit<RetryAxiosOptions, 'idempotent'>,
    idempotent: RetryAxiosOptions['idempotent'],
  ) {
    const { url, baseURL, method, headers, data } = config;
    const pairs = Object.entries((headers?.toJSON?.() ?? headers ?? {}) as object);
    this.#rules = new RequestRules(
      { url: `${baseURL ?? ''}${url ?? ''}`, method, headers: headersOf(pairs), body: data },
      policy,
      { ...options, idempotent },
    );
  }

  async run(): Promise<any> {
    const { config, options } = this;
    const { signal, leave } = signalOf(config);
    const call: RetryOptions<any> = {
      ...options,
      policyFor: this.#rules.policyFor,
      signal,
      classify: (error, context) =>
        this.#rules.isOneShot
          ? 'stop'
          : (options.classify?.(error, context) ?? this.#ofError(error, context)),
      classifyResult: (response, context) =>
        this.#unlessOneShot(
          options.classifyResult?.(response, context) ?? this.#ofResponse(response, response, context),
        ),
      onRetry: (event) => {
        this.#held = ((event.error as any)?.response ?? event.value) as AxiosResponseLike | undefined;
        // The connection is free during the delay; unless a deadline may still end the call with this response.
        if (this.policy.maxElapsedMs === Infinity) this.#letGo();
        return options.onRetry?.(event);
      },
    };
    try {
      return this.#withConfig(
        await retry(
          (context) => {
            this.#letGo();
            // axios listens to the signal of the attempt, which is aborted with the call. A new one is only made where needed.
            const needsSignal = signal || isTimed(this.policy);
            return this.send({
              ...config,
              ...(needsSignal && { signal: context.signal, cancelToken: undefined }),
            });
          },
          this.policy,
          call,
        ),
      );
    } catch (error) {
      throw this.#withConfig(error);
    } finally {
      leave();
    }
  }

  #ofError(error: unknown, context: AttemptContext): Verdict | undefined {
    const { response, request } = (Object(error) === error ? error : {}) as { response?: any; request?: any };
    if (response) return this.#ofResponse(response, error, context);
    // The adapter `fetch` follows redirects unseen: where its connection is refused, a first host may have the request.
    if (request?.redirect === 'follow') this.#rules.wasRedirected = true;
    return this.#noting(request).ofError(error);
  }

  #ofResponse(
    response: AxiosResponseLike & { request?: unknown },
    failure: unknown,
    context: AttemptContext,
  ): Verdict | undefined {
    return this.#noting(response.request).ofResponse(response, failure, context);
  }

  /** A request that was answered by a redirect has arrived. */
  #noting(request: any): RequestRules {
    const count: unknown = request?.[COUNT] ?? request?.[REDIRECTABLE]?.[COUNT];
    if (Number(count) > 0) this.#rules.wasRedirected = true;
    return this.#rules;
  }

  #unlessOneShot(verdict: Verdict | undefined): Verdict | undefined {
    return verdict !== undefined && this.#rules.isOneShot ? 'stop' : verdict;
  }

  /** With `responseType: 'stream'` the body of a response that is not returned keeps its connection. */
  #letGo(): void {
    discard({ body: this.#held?.data });
    this.#held = undefined;
  }

  /** Responses and errors show the caller's config, not the copy of an attempt. */
  #withConfig(came: any): unknown {
    for (const holder of [came, came?.response]) {
      if (typeof holder?.config === 'object') Reflect.set(holder, 'config', this.config);
    }
    return came;
  }
}

/** The signal that ends a request: its `signal`, its `cancelToken`, or both. */
function signalOf({ signal, cancelToken }: Config): { signal: AbortSignal | undefined; leave: () => void } {
  if (!cancelToken) return { signal: signal ?? undefined, leave: () => {} };
  const controller = new AbortController();
  const abort = (): void => controller.abort(cancelToken.reason ?? signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener?.('abort', abort);
  cancelToken.subscribe(abort);
  const leave = (): void => {
    signal?.removeEventListener?.('abort', abort);
    cancelToken.unsubscribe(abort);
  };
  return { signal: controller.signal, leave };
}
