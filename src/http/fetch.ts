import { type PolicySpec, retry, type RetryOptions, type RetryPolicy, type Verdict } from '../index.js';
import {
  type AttemptContext,
  checkOptions,
  fetchOptions,
  remember,
  type Report,
  resolvePolicy,
  systemClock,
} from '../internal.js';
import { askedOnce } from './asked-once.js';
import { showsRedirects } from './redirect.js';
import { judgeError, mayRepeat } from './repeat.js';
import type { FetchLike, RequestHead } from './request-head.js';
import { discard, OutgoingRequest } from './request.js';
import { judgeResponse } from './response.js';
import { Signals } from './signals.js';

/** The hooks that get an event. */
const HOOKS = ['onRetry', 'onAttempt'] as const;
type Hook = (typeof HOOKS)[number];

/** What the events of hooks have in addition. */
export interface RequestEvent {
  /** The request of this call: its method in upper case, and the URL it began with. */
  readonly request: { readonly method: string; readonly url: string };
}

type Hooks = {
  readonly [H in Hook]?:
    | ((event: Parameters<NonNullable<RetryOptions<Response>[H]>>[0] & RequestEvent) => unknown)
    | null
    | undefined;
};

/** The options of `retryFetch`: its own, and every option of `retry`. */
export interface RetryFetchOptions<F extends FetchLike = typeof globalThis.fetch>
  extends Omit<RetryOptions<Response>, Hook>, Hooks {
  /**
   * What sends the requests. Default: `globalThis.fetch`, looked up at each call. A function given here gets
   * `{ attempt }` as its third argument.
   */
  readonly fetch?: (F & FetchLike) | null | undefined;
  /**
   * Whether a POST or PATCH may be sent again although the first one may have been processed. Default false. Other
   * methods, and requests with an `Idempotency-Key`, always may.
   */
  readonly idempotent?: boolean | ((request: RequestHead) => boolean) | null | undefined;
}

/**
 * A drop-in `fetch` that tries again: on lost connections and timeouts, on the policy's statuses, and when the server
 * says when to come back (403 and 413 only then). What nobody knows is not retried.
 *
 * GET, HEAD, OPTIONS, TRACE, PUT, DELETE and QUERY are always repeated; POST and PATCH only if nothing can have been
 * sent, on 408, 425 and 429 (as the policy lists them), or if `idempotent` or an `Idempotency-Key` says so.
 * `x-should-retry` of the server overrules that. A POST that was answered by a redirect has arrived, and is not sent again
 * whatever the next host answers. A body that can be sent once only (a stream, a used `Request`) means one attempt.
 *
 * When retrying ends, the last response is returned, or the last error thrown, as `fetch` does; `reportOf` either of
 * them tells what happened. `attemptTimeoutMs` ends when the headers have arrived, the caller's signal with the body.
 *
 * @throws TypeError at once if the policy or an option is wrong.
 */
export function retryFetch<F extends FetchLike = typeof globalThis.fetch>(
  policy?: PolicySpec,
  options: RetryFetchOptions<F> = {},
): Fetch<F> {
  const resolved = resolvePolicy(policy);
  checkOptions(options, fetchOptions);
  const fetchWithRetry = async (input: unknown, init?: RequestInit | null): Promise<Response> =>
    new FetchCall(resolved, options, input, init).run();
  return fetchWithRetry as Fetch<F>;
}

/** The type of the caller's `fetch`, without the third argument if it declares one. */
export type Fetch<F extends FetchLike> = 3 extends Parameters<F>['length']
  ? (input: Parameters<F>[0], init?: Parameters<F>[1]) => ReturnType<F>
  : F;

/** One call of the function that `retryFetch` returns. */
class FetchCall {
  readonly #policy: RetryPolicy;
  readonly #options: RetryFetchOptions<any>;
  readonly #request: OutgoingRequest;
  readonly #mayRepeat: boolean;
  /** An error without a connection proves that nothing was sent: no redirect can have come before it. */
  readonly #notesRedirects: boolean;
  readonly #signals: Signals;
  /** The attempt whose response is waited for: a response that comes later is discarded. */
  #current = 0;
  /** The last response, as long as it may have to be let go, and what ends its request. */
  #held: Response | undefined;
  #controller: AbortController | undefined;
  readonly #policyFor: ReturnType<typeof askedOnce>;
  #report: Report | undefined;

  constructor(
    policy: RetryPolicy,
    options: RetryFetchOptions<any>,
    input: unknown,
    init: RequestInit | null | undefined,
  ) {
    this.#policy = policy;
    this.#options = options;
    this.#policyFor = askedOnce(options.policyFor);
    this.#request = new OutgoingRequest(input, init);
    this.#mayRepeat = mayRepeat(this.#request, options.idempotent);
    this.#notesRedirects =
      !this.#mayRepeat &&
      !this.#request.isOneShot &&
      policy.maxRetries > 0 &&
      this.#request.redirect === 'follow' &&
      showsRedirects();
    this.#signals = new Signals(this.#request.signal, options.signal);
  }

  async run(): Promise<Response> {
    const { fetch: _, idempotent: __, ...rest } = this.#options;
    const options = rest as RetryOptions<Response>;
    const { signal, leave } = this.#signals.join();
    const hooks = this.#withRequest(options);
    try {
      const last = await retry<Response>((context) => this.#attempt(context), this.#policy, {
        ...options,
        ...hooks,
        signal,
        classify: (error, context) => this.#classify(error, context),
        classifyResult: (response, context) => this.#classifyResult(response, context),
        policyFor: this.#policyFor,
        onRetry: (event) => {
          // The connection is free while we wait; unless a deadline may still end the call with this response.
          if (this.#policy.maxElapsedMs === Infinity) this.#letGo();
          return hooks.onRetry?.(event);
        },
        onEnd: (report) => {
          this.#report = report;
          return options.onEnd?.(report);
        },
      });
      if (this.#report) remember(last, this.#report);
      if (this.#controller) this.#signals.endBodyOf(last, this.#controller);
      return last;
    } catch (error) {
      this.#letGo();
      throw error;
    } finally {
      this.#current = NaN;
      leave();
      this.#request.release();
    }
  }

  async #attempt(context: AttemptContext): Promise<Response> {
    this.#letGo();
    const { attempt } = context;
    this.#current = attempt;
    const { fetch } = this.#options;
    const controller = this.#controllerOf(context);
    const send = (input: unknown, init: RequestInit | undefined): Promise<Response> => {
      if (fetch) return fetch(input, init, { attempt });
      return init ? globalThis.fetch(input as string, init) : globalThis.fetch(input as string);
    };
    const response = await (this.#notesRedirects
      ? this.#request.sendNotingRedirects(send, controller?.signal)
      : this.#request.send(send, controller?.signal));
    if (this.#current === attempt) {
      this.#held = response;
      this.#controller = controller;
    } else discard(response);
    return response;
  }

  /** Ends the request of an attempt. Undefined where the signal that the request brings along is all there is. */
  #controllerOf(context: AttemptContext): AbortController | undefined {
    const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
    const isLimited = attemptTimeoutMs < Infinity || maxElapsedMs < Infinity;
    if (!isLimited && !this.#options.signal) return undefined;
    const controller = new AbortController();
    const { signal } = context;
    signal.addEventListener('abort', () => controller.abort(signal.reason));
    return controller;
  }

  /** Adds the request to what the caller's hooks are called with. */
  #withRequest(options: object): Pick<RetryOptions<Response>, Hook> {
    const { method, url } = this.#request.head;
    const hooks: Record<string, unknown> = {};
    for (const name of HOOKS) {
      const hook: unknown = Reflect.get(options, name);
      if (typeof hook !== 'function') continue;
      hooks[name] = (event: object): unknown => hook({ ...event, request: { method, url } });
    }
    return hooks;
  }

  #letGo(): void {
    discard(this.#held);
    this.#held = undefined;
  }

  /** The caller's word, then ours; a failure that nobody knows stops, and so does one that must not be repeated. */
  #classify(error: unknown, context: AttemptContext): Verdict | undefined {
    if (this.#request.isOneShot) return 'stop';
    const verdict = this.#options.classify?.(error, context);
    if (verdict !== undefined) return verdict;
    return judgeError(error, this.#mayRepeat, () => this.#isUnseen());
  }

  /** Whether no redirect can have answered the request. */
  #isUnseen(): boolean {
    const { redirect, wasRedirected } = this.#request;
    return !wasRedirected && (this.#notesRedirects || redirect !== 'follow');
  }

  #classifyResult(response: Response, context: AttemptContext): Verdict | undefined {
    const { classifyResult } = this.#options;
    const own: Verdict | undefined = classifyResult?.(response, context);
    if (this.#request.isRedirected(response)) this.#request.wasRedirected = true;
    let verdict = own ?? this.#judge(response, this.#policy);
    if (verdict === undefined) return undefined;
    const chosen = this.#policyFor(response, context);
    // The chosen policy has retryStatuses of its own.
    if (own === undefined && chosen) verdict = this.#judge(response, resolvePolicy(chosen));
    const hasArrived = own === undefined && !this.#mayRepeat && this.#request.wasRedirected;
    return hasArrived || this.#request.isOneShot ? 'stop' : verdict;
  }

  #judge(response: Response, policy: RetryPolicy): Verdict | undefined {
    const nowMs = (this.#options.clock ?? systemClock).wallNow();
    return judgeResponse(response, policy, this.#mayRepeat, nowMs, this.#request.head);
  }
}
