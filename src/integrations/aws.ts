import { classifyFailure } from '../http/index.js';
import { type PolicySpec, type Random, type RetryOptions, seeded, type Verdict } from '../index.js';
import {
  at,
  Attempt,
  attemptEvent,
  callOptions,
  checkOptions,
  followUp,
  freshSeed,
  isStatus,
  markOf,
  observe,
  resolvePolicy,
  retryEvent,
  systemClock,
} from '../internal.js';

/** The options of `retryStrategy`: those of `retry` that a strategy can obey. */
export type RetryStrategyOptions = Pick<
  RetryOptions,
  'classify' | 'policyFor' | 'onAttempt' | 'onRetry' | 'name' | 'random' | 'clock' | 'unref'
>;

/** Stands for one call of the client. The client gets a new token for each attempt. */
export interface AwsRetryToken {
  /** How many retries came before. */
  getRetryCount(): number;
  /** 0: the strategy has waited already. */
  getRetryDelay(): number;
  getRetryCost(): number;
  /** How long the strategy has waited for this token, in milliseconds. The SDK adds it to `$metadata.totalRetryDelay`. */
  $retryLog: { acquisitionDelay?: number };
}

/** What the SDK says about a failure. */
export interface AwsFailure {
  readonly error?: unknown;
  readonly errorType: string;
  readonly retryAfterHint?: Date | undefined;
}

/** `RetryStrategyV2` of @smithy/types, for the option `retryStrategy` of a client of the AWS SDK v3. */
export interface AwsRetryStrategy {
  acquireInitialRetryToken(scope: string): Promise<AwsRetryToken>;
  refreshRetryTokenForRetry(token: object, failure: AwsFailure): Promise<AwsRetryToken>;
  recordSuccess(token: object): void;
}

/** A call of the client, behind its token. Times are of the clock, in milliseconds. */
interface Call {
  readonly attempt: number;
  readonly startMs: number;
  /** When the attempt began. */
  readonly beganMs: number;
  readonly random: Random;
}

/**
 * A retry strategy for the clients of the AWS SDK v3: `new S3Client({ retryStrategy: retryStrategy(policy) })`.
 *
 * The verdict on a failure comes from `classify`; then from marks and from what the error says itself (`$retryable`,
 * throttling, a hint in the headers); then from the policy's `retryStatuses`. Where the status says nothing, the SDK's
 * `errorType` counts: `TRANSIENT` and `THROTTLING` are retried (lost connections, a clock that the SDK has corrected),
 * and anything else stops. `Retry-After` is a hint, as everywhere.
 *
 * The strategy waits itself, so delays are exact, also above 2^31 - 1 ms. `maxElapsedMs` limits the whole call.
 * `attemptTimeoutMs` has no effect: use the timeouts of the client's `requestHandler`. The SDK throws the service's
 * error when retrying ends, also if a decider threw. The SDK does not tell a strategy about an abort: the call
 * rejects at once, but the timer of its delay stays until it is due. `retry` around a client with `maxAttempts: 1` leaves none.
 *
 * @param policy default `presets.default`. The client's own `maxAttempts` has no effect.
 * @throws TypeError at once for a wrong policy or wrong options.
 */
export function retryStrategy(policy?: PolicySpec, options?: RetryStrategyOptions | null): AwsRetryStrategy {
  const resolved = resolvePolicy(policy);
  const { signal: _signal, classifyResult: _result, onEnd: _end, ...kinds } = callOptions;
  // The SDK gives a strategy no signal, no value and no end of a call.
  if (options) checkOptions(options, kinds, 'options of retryStrategy');
  const { classify, policyFor, onAttempt, onRetry, name, random, unref } = options ?? {};
  const clock = options?.clock ?? systemClock;
  const calls = new WeakMap<object, Call>();

  const tokenOf = (call: Call, waitedMs: number): AwsRetryToken => {
    const token: AwsRetryToken = {
      getRetryCount: () => call.attempt - 1,
      getRetryDelay: () => 0,
      getRetryCost: () => 0,
      $retryLog: { acquisitionDelay: waitedMs },
    };
    calls.set(token, call);
    return token;
  };

  /** The call of a token. A token of another strategy counts as a call that has begun now. */
  const callOf = (token: object): Call => {
    const nowMs = clock.now();
    return (
      calls.get(token) ?? {
        attempt: ((token as Partial<AwsRetryToken>).getRetryCount?.() ?? 0) + 1,
        startMs: nowMs,
        beganMs: nowMs,
        random: random ?? seeded(freshSeed()),
      }
    );
  };

  /** The attempt of a call that is over, for events. */
  const ended = ({ attempt, startMs, beganMs }: Call, failed: boolean, came?: unknown) => {
    const nowMs = clock.now();
    return {
      attempted: { attempt, failed, came, durationMs: Math.round(nowMs - beganMs) },
      elapsedMs: Math.max(0, nowMs - startMs),
    };
  };

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      at(clock.now() + ms, resolve, clock, unref);
    });

  return {
    async acquireInitialRetryToken() {
      const startMs = clock.now();
      return tokenOf({ attempt: 1, startMs, beganMs: startMs, random: random ?? seeded(freshSeed()) }, 0);
    },

    async refreshRetryTokenForRetry(token, failure) {
      const call = callOf(token);
      const { error } = failure;
      const { attempted, elapsedMs } = ended(call, true, error);
      const next = followUp(true, error, new Attempt(call.attempt), elapsedMs, {
        policy: resolved,
        deciders: {
          policyFor,
          classify: (came, context) => classify?.(came, context) ?? verdictOf(failure, clock.wallNow()),
        },
        random: call.random,
        clock,
      });
      if (onAttempt) {
        void observe(onAttempt, attemptEvent(name, attempted, Math.round(elapsedMs), next), () => {});
      }
      if (next.outcome !== 'retry') throw next.hookError ?? error;
      await onRetry?.(retryEvent(name, attempted, Math.round(elapsedMs), next));
      const delayMs = next.delayMs!;
      if (clock.now() - call.startMs + delayMs >= resolved.maxElapsedMs) throw error;
      await wait(delayMs);
      return tokenOf({ ...call, attempt: call.attempt + 1, beganMs: clock.now() }, delayMs);
    },

    recordSuccess(token) {
      if (!onAttempt) return;
      const { attempted, elapsedMs } = ended(callOf(token), false);
      const done = { outcome: 'done', maxRetries: resolved.maxRetries } as const;
      void observe(onAttempt, attemptEvent(name, attempted, Math.round(elapsedMs), done), () => {});
    },
  };
}

/** What the error and the SDK say. Undefined: a status or a mark, which the core judges. */
function verdictOf({ error, errorType, retryAfterHint }: AwsFailure, wallNowMs: number): Verdict | undefined {
  if (Object(error) === error && markOf(error as object) !== undefined) return undefined;
  const own = classifyFailure(error);
  if (own !== undefined && own !== 'retry') return own;
  const passes = own === 'retry' || /^(?:TRANSIENT|THROTTLING)$/.test(errorType);
  const status = statusOf(error);
  // 429 and 5xx are what retryStatuses is about. Another 4xx may pass: the SDK has corrected its clock, say.
  if (own === undefined && (status >= 500 || status === 429 || (status >= 400 && !passes))) return undefined;
  if (!passes) return 'stop';
  const hintMs = Number(retryAfterHint) - wallNowMs;
  return Number.isNaN(hintMs) ? 'retry' : { retryAfterMs: Math.max(0, hintMs) };
}

function statusOf(error: unknown): number {
  try {
    const { $metadata, $response } = error as {
      $metadata?: { httpStatusCode?: unknown };
      $response?: { statusCode?: unknown };
    };
    return [$metadata?.httpStatusCode, $response?.statusCode].find(isStatus) ?? NaN;
  } catch {
    return NaN;
  }
}
