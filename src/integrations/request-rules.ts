import {
  discard,
  type Idempotent,
  judgeError,
  judgeResponse,
  mayRepeat,
  OutgoingRequest,
} from '../http/internal.js';
import type { RetryOptions, RetryPolicy, Verdict } from '../index.js';
import { checkOptions, isPlain, systemClock } from '../internal.js';

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
interface Judging {
  readonly idempotent?: Idempotent;
  readonly clock?: RetryOptions['clock'];
}

/** The rules of `retryFetch` for one request of another client. */
export class RequestRules {
  /** The body can be sent only once. */
  readonly isOneShot: boolean;
  /** A server has answered the request with a redirect, so the request has arrived. */
  wasRedirected = false;
  readonly #policy: RetryPolicy;
  readonly #mayRepeat: boolean;
  readonly #clock: NonNullable<Judging['clock']>;

  constructor(outgoing: Outgoing, policy: RetryPolicy, { idempotent, clock }: Judging) {
    const { url, method, headers, body } = outgoing;
    const init = { method: method ?? 'GET', headers, body: (body ?? null) as BodyInit | null };
    const request = new OutgoingRequest(url, init);
    // The package form-data names its streams as the FormData of the platform.
    this.isOneShot = request.isOneShot || typeof (body as { pipe?: unknown } | null)?.pipe === 'function';
    this.#mayRepeat = mayRepeat(request, idempotent);
    this.#policy = policy;
    this.#clock = clock ?? systemClock;
  }

  /** The verdict on a response. Undefined: no failure. */
  ofResponse(status: number, headers: unknown): Verdict | undefined {
    const response = { status, headers } as Response;
    const verdict = judgeResponse(response, this.#policy, this.#mayRepeat, this.#clock.wallNow());
    return verdict !== undefined && this.#hasArrived() ? 'stop' : verdict;
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
  const { idempotent, ...rest } = options ?? ({} as Options);
  if (options) checkOptions(isPlain(options) ? rest : options);
  if ('signal' in rest) {
    throw new TypeError('options: got signal; the client has a signal for each request, pass it there');
  }
  if (idempotent !== undefined && idempotent !== null && !/^(?:boolean|function)$/.test(typeof idempotent)) {
    throw new TypeError(`idempotent: got ${typeof idempotent}; expected true, false or a function`);
  }
  return rest;
}
