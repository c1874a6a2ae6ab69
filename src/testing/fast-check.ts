import fc from 'fast-check';
import {
  type BackoffKind,
  type Jitter,
  parsePolicy,
  type RetryPolicy,
  type StatusPattern,
  type Verdict,
} from '../index.js';
import type { Outcome } from './trace.js';

/** Which policies `arbitraryPolicy` makes. */
export interface PolicyConstraints {
  /** Only these kinds of backoff; `'list'` stands for lists of delays. Default: all. */
  readonly backoff?: readonly (BackoffKind | 'list')[] | undefined;
  /** `maxRetries` is at most this. Default: any number, and Infinity. */
  readonly maxRetries?: number | undefined;
  /** `maxDelayMs` is at most this, in milliseconds. Default: any number, and Infinity. */
  readonly maxDelayMs?: number | undefined;
  /** True: all policies have jitter (lo < hi). False: none has, and `'decorrelated'` is left out. Default: both kinds. */
  readonly jittered?: boolean | undefined;
  /** True: `attemptTimeoutMs`, `maxElapsedMs` and `maxRetryAfterMs` are all Infinity. Default false. */
  readonly timeless?: boolean | undefined;
}

const kinds: readonly (BackoffKind | 'list')[] = [
  'constant',
  'exponential',
  'linear',
  'fibonacci',
  'decorrelated',
  'list',
];

/** Any legal policy, frozen. Shrinks to few retries, round numbers, no limits and no jitter. */
export function arbitraryPolicy(constraints: PolicyConstraints = {}): fc.Arbitrary<RetryPolicy> {
  const { backoff = kinds, maxRetries = Infinity, maxDelayMs = Infinity, jittered, timeless } = constraints;
  const allowed = jittered === false ? backoff.filter((kind) => kind !== 'decorrelated') : backoff;
  const time = timeless === true ? fc.constant(Infinity) : limit(Infinity);
  return fc
    .record({
      maxRetries: count(maxRetries),
      backoff: fc
        .constantFrom(...allowed)
        .chain((kind): fc.Arbitrary<RetryPolicy['backoff']> =>
          kind === 'list' ? delays : fc.constant(kind),
        ),
      baseDelayMs: duration,
      factor,
      maxDelayMs: limit(maxDelayMs),
      jitter: interval(jittered),
      attemptTimeoutMs: time.map((ms) => Math.max(1, ms)),
      maxElapsedMs: time,
      maxRetryAfterMs: time,
      retryStatuses: statuses,
    })
    .map(parsePolicy);
}

/** A list of outcomes for `trace`; the k-th belongs to attempt k. Shrinks to few plain outcomes that take no time. */
export function arbitraryOutcomes(): fc.Arbitrary<Outcome[]> {
  return fc.array(simplestFirst<Outcome>(plainOutcome, lastingOutcome));
}

/**
 * Anything an operation may throw: errors with messages, codes, statuses, Retry-After headers and causes; frozen and
 * aggregate errors; aborts and timeouts; and values that are not errors. Shrinks to `new Error('boom')`.
 */
export function arbitraryFailure(): fc.Arbitrary<unknown> {
  return fc.letrec<{ failure: unknown }>((tie) => ({
    failure: simplestFirst<unknown>(
      { depthSize: 'small' },
      fc.constantFrom('boom', 'fetch failed', '').map((message) => new Error(message)),
      fc.constantFrom('ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EACCES').map(withCode),
      fc.tuple(status, fc.option(retryAfter, { nil: undefined })).map(withStatus),
      fc.constantFrom('AbortError', 'TimeoutError').map((name) => new DOMException('cut short', name)),
      fc.constantFrom(TypeError, ReferenceError, RangeError).map((Kind) => new Kind('bug')),
      fc.constantFrom<unknown>('boom', undefined, null, 0, false, 503, 10n, {}, []),
      tie('failure').map((cause) => new Error('outer', { cause })),
      tie('failure').map((value) => Object.freeze(value)),
      fc.array(tie('failure'), { maxLength: 3 }).map((errors) => new AggregateError(errors, 'all failed')),
    ),
  })).failure;
}

/** Like `fc.oneof`, but every value may shrink to a value of the first arbitrary. */
function simplestFirst<Value>(
  first: fc.Arbitrary<Value> | { readonly depthSize: 'small' },
  ...others: fc.Arbitrary<Value>[]
): fc.Arbitrary<Value> {
  return 'depthSize' in first
    ? fc.oneof({ withCrossShrink: true, depthSize: first.depthSize }, ...others)
    : fc.oneof({ withCrossShrink: true }, first, ...others);
}

const day = 86_400_000;

/** Round numbers first, then any number of milliseconds up to a day, then any safe integer. */
const duration = simplestFirst(
  fc.constantFrom(1_000, 100, 2_000, 5_000, 0, 1),
  fc.nat({ max: day }),
  fc.maxSafeNat(),
);

const limit = (largest: number): fc.Arbitrary<number> =>
  largest === Infinity
    ? simplestFirst(fc.constant(Infinity), duration)
    : simplestFirst(fc.constant(largest), fc.nat({ max: largest }));

const count = (largest: number): fc.Arbitrary<number> =>
  largest === Infinity
    ? simplestFirst(fc.nat({ max: 20 }), fc.constant(Infinity), fc.maxSafeNat())
    : fc.nat({ max: largest });

const factor = simplestFirst(
  fc.constantFrom(2, 1.5, 1, 3, 10),
  fc.integer({ min: 100, max: 1_000 }).map((hundredths) => hundredths / 100),
  fc.double({ min: 1, max: Number.MAX_VALUE, noNaN: true }),
);

const delays = fc
  .array(duration, { minLength: 1, maxLength: 8 })
  .map((list): readonly number[] => Object.freeze(list));

/** Multipliers with two decimals first, then any double. */
const multiplier = simplestFirst(
  fc.nat({ max: 200 }).map((hundredths) => hundredths / 100),
  fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }),
);

function interval(jittered: boolean | undefined): fc.Arbitrary<Jitter> {
  const still = multiplier.map((same): Jitter => [same, same]);
  const spread = fc
    .tuple(multiplier, multiplier)
    .map(([one, other]): Jitter => [Math.min(one, other), Math.max(one, other)]);
  const named = fc.constantFrom<Jitter>([0, 1], [0.5, 1], [1, 1.25]);
  const choices = [
    ...(jittered === true ? [] : [fc.constant<Jitter>([1, 1]), still]),
    ...(jittered === false ? [] : [named, spread]),
  ] as [fc.Arbitrary<Jitter>, ...fc.Arbitrary<Jitter>[]];
  return simplestFirst(...choices).filter(([lo, hi]) => hi > 0 && (jittered !== true || lo < hi));
}

const status = simplestFirst(fc.constantFrom(503, 429, 404, 500), fc.integer({ min: 100, max: 599 }));

const retryAfter = simplestFirst(fc.constantFrom('1', '120'), fc.nat({ max: 86_400 }).map(String));

const statuses = simplestFirst<readonly StatusPattern[]>(
  fc.constant([408, 429, '5xx']),
  fc.array(fc.oneof(fc.constantFrom('4xx' as const, '5xx' as const), fc.integer({ min: 100, max: 599 })), {
    maxLength: 5,
  }),
);

const plainOutcome: fc.Arbitrary<Verdict | 'success'> = simplestFirst(
  fc.constantFrom<Verdict | 'success'>('retry', 'success', 'stop'),
  duration.map((retryAfterMs) => ({ retryAfterMs })),
);

const lastingOutcome: fc.Arbitrary<Outcome> = fc.record({ outcome: plainOutcome, durationMs: duration });

const withCode = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

const withStatus = ([code, header]: [number, string | undefined]): Error =>
  Object.assign(new Error(`HTTP ${code}`), {
    status: code,
    headers: header === undefined ? {} : { 'retry-after': header },
  });
