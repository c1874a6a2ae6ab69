import { type PolicySpec, retry, type RetryOptions, type RetryPolicy, type Verdict } from '../index.js';
import { type AttemptContext, remember, type Report, resolvePolicy, systemClock } from '../internal.js';
import { judgeError, mayRepeat } from './repeat.js';
import { discard, type FetchLike, OutgoingRequest, type RequestHead } from './request.js';
import { judgeResponse } from './response.js';

/** The options of `retryFetch`: its own, and every option of `retry`. */
export interface RetryFetchOptions<
  F extends FetchLike = typeof globalThis.fetch,
> extends RetryOptions<Response> {
  /** What sends the requests. Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: F | undefined;
  /**
   * Whether a POST or PATCH may be sent again although the first one may have been processed. Default false. Other
   * methods, and requests with an `Idempotency-Key`, always may.
   */
  readonly idempotent?: boolean | ((request: RequestHead) => boolean) | undefined;
}

/**
 * A drop-in `fetch` that tries again: on lost connections and timeouts, on the policy's statuses, and when the server
 * says when to come back (403 and 413 only then). What nobody knows is not retried.
 *
 * GET, HEAD, OPTIONS, TRACE, PUT, DELETE and QUERY are always repeated; POST and PATCH only if nothing can have been
 * sent, on 408, 425 and 429 (as the policy lists them), or if `idempotent` or an `Idempotency-Key` says so.
 * `x-should-retry` of the server overrules all of it. A body that can be sent once only (a stream, a used `Request`)
 * means one attempt.
 *
 * When retrying ends, the last response is returned, or the last error thrown, as `fetch` does; `reportOf` either of
 * them tells what happened. `attemptTimeoutMs` ends when the headers have arrived, the caller's signal with the body.
 *
 * @throws TypeError at once if the policy is wrong; a wrong option rejects the call.
 */
export function retryFetch<F extends FetchLike = typeof globalThis.fetch>(
  policy?: PolicySpec,
  options: RetryFetchOptions<F> = {},
): F {
  const resolved = resolvePolicy(policy);
  const fetchWithRetry: FetchLike = async (input, init) =>
    new FetchCall(resolved, options, input, init).run();
  return fetchWithRetry as F;
}

/** One call of a fetch of ours. */
class FetchCall {
  private readonly request: OutgoingRequest;
  private readonly mayRepeat: boolean;
  private readonly signal: AbortSignal | undefined;
  /** The attempt whose response is waited for: one that comes later than its time is not read by anybody. */
  private current = 0;
  /** The last response, as long as it may have to be let go. */
  private held: Response | undefined;
  private report: Report | undefined;

  constructor(
    private readonly policy: RetryPolicy,
    private readonly options: RetryFetchOptions<FetchLike>,
    input: unknown,
    init: RequestInit | null | undefined,
  ) {
    this.request = new OutgoingRequest(input, init);
    this.mayRepeat = mayRepeat(this.request, options.idempotent);
    this.signal = either(this.request.signal, options.signal);
  }

  async run(): Promise<Response> {
    const { fetch: _, idempotent: __, ...options } = this.options;
    try {
      const last = await retry((context) => this.attempt(context), this.policy, {
        ...options,
        signal: this.signal,
        classify: (error, context) => this.classify(error, context),
        classifyResult: (response, context) => this.classifyResult(response, context),
        onRetry: (event) => {
          // The connection is free while we wait; unless a deadline may still end the call with this response.
          if (this.policy.maxElapsedMs === Infinity) this.letGo();
          return options.onRetry?.(event);
        },
        onEnd: (report) => {
          this.report = report;
          options.onEnd?.(report);
        },
      });
      if (this.report) remember(last, this.report);
      return last;
    } catch (error) {
      this.letGo();
      throw error;
    } finally {
      this.current = NaN;
      this.request.release();
    }
  }

  private async attempt(context: AttemptContext): Promise<Response> {
    this.letGo();
    this.current = context.attempt;
    const { fetch = globalThis.fetch } = this.options;
    const isLimited = this.policy.attemptTimeoutMs < Infinity || this.policy.maxElapsedMs < Infinity;
    // The request brings its own signal along; what is added here may be nothing, and then nothing is touched.
    const added = either(this.options.signal, isLimited ? context.signal : undefined);
    const signal = added && either(this.request.signal, added);
    const response = (await this.request.send(fetch, signal)) as Response;
    if (this.current === context.attempt) this.held = response;
    else discard(response);
    return response;
  }

  private letGo(): void {
    discard(this.held);
    this.held = undefined;
  }

  /** The caller's word, then ours; a failure that nobody knows stops, and so does one that must not be repeated. */
  private classify(error: unknown, context: AttemptContext): Verdict | undefined {
    if (this.request.isOneShot) return 'stop';
    return this.options.classify?.(error, context) ?? judgeError(error, this.mayRepeat);
  }

  private classifyResult(response: Response, context: AttemptContext): Verdict | undefined {
    const { classifyResult, clock } = this.options;
    const verdict =
      classifyResult?.(response, context) ??
      judgeResponse(response, this.policy, this.mayRepeat, (clock ?? systemClock).wallNow());
    return verdict !== undefined && this.request.isOneShot ? 'stop' : verdict;
  }
}

/** A signal that is aborted when either one is; undefined if there is none. */
function either(
  a: AbortSignal | null | undefined,
  b: AbortSignal | null | undefined,
): AbortSignal | undefined {
  return (a && b && a !== b ? AbortSignal.any([a, b]) : (a ?? b)) ?? undefined;
}
