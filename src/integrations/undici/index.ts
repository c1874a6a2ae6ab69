import { type AttemptContext, isStatus, resolvePolicy } from '../../internal.js';
import { type PolicySpec, retry, type RetryOptions, type RetryPolicy, type Verdict } from '../../index.js';
import { checkedOptions, headersOf, type HttpOptions, RequestRules } from '../request-rules.js';
import { noted, type NotedBody } from './body.js';
import { StableController } from './controller.js';
import type {
  UndiciController,
  UndiciDispatch,
  UndiciHandler,
  UndiciRequest,
  UndiciResponse,
} from './host.js';
import { headerPairs } from './headers.js';
import { type Receiver, Transfer } from './transfer.js';

export type { HttpOptions } from '../request-rules.js';
export type { UndiciDispatch, UndiciResponse } from './host.js';

/** The options of `retryInterceptor`: `idempotent`, and every option of `retry` except `signal`. */
export type RetryInterceptorOptions = HttpOptions<UndiciResponse>;

/**
 * An interceptor for `compose` of undici's dispatchers (undici 7 and 8). Every request of the dispatcher is retried by the
 * rules of `retryFetch`: a POST or PATCH is sent again only if nothing of it can have arrived, on 408, 425 and 429, or
 * if `idempotent` or an `Idempotency-Key` allows it.
 *
 * An attempt ends when the head of its response has arrived: `attemptTimeoutMs` limits the time until then, and a body
 * that is cut off later is not retried. When retrying ends, the caller gets the last response, or the last error. An abort
 * ends the delay at once. A body that can be sent once only (a stream, an iterable) is sent again only if it was not read.
 *
 * @param policy default `presets.default`.
 * @throws TypeError at once for a wrong policy or wrong options.
 */
export function retryInterceptor(
  policy?: PolicySpec,
  options?: RetryInterceptorOptions | null,
): (dispatch: UndiciDispatch) => UndiciDispatch {
  const resolved = resolvePolicy(policy);
  checkedOptions(options);
  return (dispatch) => (request, handler) =>
    // What is no request at all, undici refuses.
    Object(request) === request && Object(handler) === handler
      ? new Exchange(dispatch, request, handler, resolved, options ?? {}).start()
      : dispatch(request, handler);
}

/** One request of the caller, with all its attempts. */
class Exchange implements Receiver {
  readonly controller: StableController;
  readonly #aborting = new AbortController();
  readonly #request: UndiciRequest;
  readonly #rules: RequestRules;
  readonly #body: NotedBody;
  #transfer: Transfer | undefined;
  #context!: AttemptContext;
  #hasStarted = false;
  /** What dispatch returned for the first attempt: false asks the caller to wait for the event `drain`. */
  #goesOn = true;
  /** The verdict on the response of the current attempt, or what the caller's `classifyResult` threw. */
  #verdict: Verdict | undefined;
  #thrown: readonly [unknown] | undefined;
  /** The list of redirects that undici's redirect interceptor keeps up to date. */
  #history: { readonly length: number } | undefined;

  constructor(
    readonly dispatch: UndiciDispatch,
    request: UndiciRequest,
    readonly handler: UndiciHandler,
    readonly policy: RetryPolicy,
    readonly options: RetryInterceptorOptions,
  ) {
    const { origin = '', path, method, body } = request;
    const headers = [...headerPairs(request.headers)];
    this.#rules = new RequestRules(
      { url: `${String(origin)}${path}`, method, headers: headersOf(headers), body },
      policy,
      options,
    );
    this.#body = this.#rules.isOneShot ? noted(body) : { body, isUnread: () => true };
    // An iterator of headers would be empty the second time.
    const isIterator = typeof (request.headers as { next?: unknown } | null)?.next === 'function';
    this.#request = { ...request, body: this.#body.body, ...(isIterator && { headers }) };
    this.controller = new StableController((reason) => this.#abort(reason));
  }

  start(): boolean {
    const { idempotent: _, ...options } = this.options;
    const call: RetryOptions<UndiciResponse> = {
      ...options,
      policyFor: this.#rules.policyFor,
      signal: this.#aborting.signal,
      classify: (error, context) => this.#classify(error, context),
      classifyResult: () => {
        if (this.#thrown) throw this.#thrown[0];
        return this.#verdict;
      },
      onRetry: (event) => {
        // After an error before the request began, the caller's handler has no controller to abort the delay with.
        this.#tellStart({});
        // The connection is free during the delay; unless a deadline may still end the call with this response.
        if (this.policy.maxElapsedMs === Infinity) this.#transfer?.discard();
        return options.onRetry?.(event);
      },
    };
    void retry((context) => this.#attempt(context), this.policy, call).then(
      () => this.#deliver(),
      (error: unknown) => this.#fail(error),
    );
    return this.#goesOn;
  }

  onStart(controller: UndiciController, context: any): void {
    this.controller.target = controller;
    this.#history = context?.history;
    this.#tellStart(context);
  }

  accepts(response: UndiciResponse): boolean {
    this.#noteRedirects();
    try {
      this.#verdict =
        this.options.classifyResult?.(response, this.#context) ??
        this.#ofResponse(response, response, this.#context);
      if (this.#verdict !== undefined && !this.#body.isUnread()) this.#verdict = 'stop';
    } catch (error) {
      this.#thrown = [error];
    }
    return this.#verdict === undefined && !this.#thrown;
  }

  #attempt(context: AttemptContext): Promise<UndiciResponse> {
    this.#transfer?.kill();
    this.#context = context;
    this.#verdict = undefined;
    const transfer = new Transfer(this);
    this.#transfer = transfer;
    context.signal.addEventListener('abort', () => transfer.kill(context.signal.reason));
    const goesOn = this.dispatch(this.#request, transfer);
    if (context.attempt === 1) this.#goesOn = goesOn;
    return transfer.response;
  }

  #classify(error: unknown, context: AttemptContext): Verdict | undefined {
    this.#noteRedirects();
    if (!this.#body.isUnread()) return 'stop';
    return this.options.classify?.(error, context) ?? this.#ofError(error, context);
  }

  /** The error of undici's responseError interceptor is a response. */
  #ofError(error: any, context: AttemptContext): Verdict | undefined {
    const { statusCode, headers } = Object(error) === error ? error : ({} as any);
    const isResponse = isStatus(statusCode) && Object(headers) === headers;
    return isResponse
      ? this.#ofResponse({ statusCode, headers }, error, context)
      : this.#rules.ofError(error);
  }

  #ofResponse(
    { statusCode, headers }: UndiciResponse,
    failure: unknown,
    context: AttemptContext,
  ): Verdict | undefined {
    return this.#rules.ofResponse({ status: statusCode, headers }, failure, context);
  }

  #noteRedirects(): void {
    if (this.#history?.length) this.#rules.wasRedirected = true;
  }

  #tellStart(context: any): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.handler.onRequestStart?.(this.controller, context);
  }

  /** The caller aborts. undici reports the end of a response that the caller has; otherwise the call ends here. */
  #abort(reason: unknown): void {
    if (this.#transfer?.isForwarding) this.#transfer.abort(reason);
    else this.#aborting.abort(reason);
  }

  #deliver(): void {
    try {
      this.#transfer?.deliver();
    } catch (error) {
      // As undici does with exceptions of a handler.
      this.controller.abort(error);
      this.handler.onResponseError?.(this.controller, error);
    }
  }

  #fail(error: unknown): void {
    this.#transfer?.kill(error);
    this.handler.onResponseError?.(this.controller, error);
  }
}
