import {
  askedOnce,
  discard,
  type Idempotent,
  judgeError,
  judgeResponse,
  mayRepeat,
  OutgoingRequest,
} from '../http/internal.js';
import type { PolicySpec, RetryOptions, RetryPolicy, Verdict } from '../index.js';
import { type AttemptContext, checkOptions, fetchOptions, resolvePolicy, systemClock } from '../internal.js';

export { discard };

/** The options that the integrations of HTTP clients share: every option of `retry`, except that the client has the signal. */
export interface HttpOptions<Response> extends Omit<RetryOptions<Response>, 'signal'> {
  /**
   * Whether a POST or PATCH may be sent again although the first one may have been processed. Default false. Other
   * methods, and requests with an `Idempotency-Key`, always may. A function gets `{ method, url, headers }`.
   */
  readonly idempotent?: Idempotent;
}

/** One request, as the client that sends it describes it. */
export interface Outgoing {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What judging needs of the options. */
type Judging = Pick<HttpOptions<any>, 'idempotent' | 'clock' | 'policyFor'>;

/** The rules of `retryFetch` for one request of another client. */
export class RequestRules {
  /** The body can be sent only once. */
  readonly isOneShot: boolean;
  /** A server has answered the request with a redirect, so the request has arrived. */
  wasRedirected = false;
  readonly #policy: RetryPolicy;
  readonly #mayRepeat: boolean;
  readonly #request: OutgoingRequest;
  readonly #options: Judging;
  /** The caller's `policyFor`, which the verdict on a response has to know. Pass it on to `retry`. */
  readonly policyFor: (failure: unknown, context: AttemptContext) => PolicySpec | undefined;

  constructor(outgoing: Outgoing, policy: RetryPolicy, options: Judging) {
    const { url, method, headers, body } = outgoing;
    const init = { method: method ?? 'GET', headers, body: (body ?? null) as BodyInit | null };
    const request = new OutgoingRequest(url, init);
    // The package form-data names its streams as the FormData of the platform.
    this.isOneShot = request.isOneShot || typeof (body as { pipe?: unknown } | null)?.pipe === 'function';
    this.#mayRepeat = mayRepeat(request, options.idempotent);
    this.#policy = policy;
    this.#request = request;
    this.#options = options;
    this.policyFor = askedOnce(options.policyFor);
  }

  /**
   * The verdict on a response. Undefined: no failure.
   *
   * @param failure what `retry` sees of it: the response, or the error that has it.
   */
  ofResponse(
    response: { readonly status: number; readonly headers: unknown },
    failure: unknown,
    context: AttemptContext,
  ): Verdict | undefined {
    if (this.#judge(response, this.#policy) === undefined) return undefined;
    if (this.#hasArrived()) return 'stop';
    const chosen = this.policyFor(failure, context);
    return this.#judge(response, chosen ? resolvePolicy(chosen) : this.#policy);
  }

  #judge(response: object, policy: RetryPolicy): Verdict | undefined {
    const { clock } = this.#options;
    return judgeResponse(
      response as Response,
      policy,
      this.#mayRepeat,
      (clock ?? systemClock).wallNow(),
      this.#request.head,
    );
  }

  /** The verdict on an error without a response. Undefined: the core decides. */
  ofError(error: unknown): Verdict | undefined {
    return this.#hasArrived() ? 'stop' : judgeError(error, this.#mayRepeat);
  }

  #hasArrived(): boolean {
    return this.wasRedirected && !this.#mayRepeat;
  }
}

/** The headers of a request, from names and values of any kind. Names and values that cannot be sent are left out. */
export function headersOf(pairs: Iterable<readonly [name: any, value: any]>): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs) {
    try {
      if (value !== undefined && value !== null && value !== false)
        headers.append(String(name), String(value));
    } catch {
      // The client itself refuses it.
    }
  }
  return headers;
}

/**
 * The options of `retry` without those that only HTTP has.
 *
 * @throws TypeError for options that are no plain object, for an unknown name, and for `idempotent` of another type.
 */
export function checkedOptions<Options extends { readonly idempotent?: Idempotent }>(
  options: Options | null | undefined,
): Omit<Options, 'idempotent'> {
  const { idempotent: _, ...rest } = options ?? ({} as Options);
  if (options) checkOptions(options, kinds);
  return rest;
}

/** The options of `retryFetch`, without those that the client has itself. */
const { fetch: _, signal: __, ...kinds } = fetchOptions;
