import { classifyFailure, requestSent } from '../../src/http/index.js';
import { definePolicy, seeded } from '../../src/index.js';
import { judge } from '../../src/internal.js';

/** What the rules read, and names that none expects. */
const KEYS =
  `name message code cause errors response headers status statusCode :status $metadata $response $retryable
  httpStatusCode clockSkewCorrected CancellationReasons Code rawResponse context meta httpMeta output res data httpStatus
  responseHeaders lastError original originalError reason retryable nonRetryable isRetryable retriable errorLabels number
  errorCode details metadata rawMessage path statusDetails error retryDelay seconds nanos config request options method
  retryAfter severity constructor stack socket syscall event type get retry-after x-should-retry`.split(
    /\s+/,
  );

const TEXTS = [
  ...`AggregateError AbortError TypeError TimeoutError MongoServerError RequestError RpcError ECONNRESET ECONNREFUSED
    PrismaClientKnownRequestError TransactionCanceledException ELOGIN P2034 P2010 EREQUEST 40001 37s 0 7 -1 POST true
    TransientTransactionError rateLimitExceeded TransactionConflict`.split(/\s+/),
  '',
  'fetch failed',
  '[None, TransactionConflict]',
  'RetryInfo" "retryDelay": "3s"',
  'x'.repeat(5000),
  'RetryInfo '.repeat(500),
];

const refuse = (): never => {
  throw new Error('do not touch');
};

const VALUES: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  Symbol('x'),
  5n,
  Object.create(null),
  () => 5,
  new Date(NaN),
  new Headers({ 'retry-after': '7' }),
  new Map(),
  { toString: refuse },
  { [Symbol.toPrimitive]: refuse },
  Object.assign(() => 5, { toString: refuse }),
].concat([NaN, Infinity, -0, 0, 1, 5, 14, 100, 400, 403, 404, 409, 429, 503, 599, 999, 1e300] as never[]);

/** An error of anything is looked at in a bounded number of reads: at most a hundred levels, some hundred places each. */
export const MOST_READS = 100_000;

/**
 * Judges `runs` errors made by chance: of any properties, with getters that throw, proxies, cycles and lists of them. Returns
 * those that made a function throw, gave something that is no verdict, or were read too often. The seed repeats a run.
 */
export function badErrors(runs: number, seed: number | string): readonly unknown[] {
  const random = seeded(seed);
  let draws = 0;
  const below = (n: number): number => Math.floor(random(++draws) * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const policy = definePolicy({});
  let reads = 0;
  let made: object[] = [];

  const value = (depth: number): unknown => {
    switch (below(depth > 3 ? 4 : 8)) {
      case 0:
      case 1:
        return pick(VALUES);
      case 2:
        return pick(TEXTS);
      case 3:
        return made.length > 0 ? pick(made) : undefined;
      case 4:
        return Array.from({ length: below(5) }, () => value(depth + 1));
      case 5:
        return new Proxy([], below(2) ? { get: refuse } : {});
      default:
        return error(depth + 1);
    }
  };
  const error = (depth: number): object => {
    const fields: object = pick([
      () => ({}),
      () => new Error('x'),
      () => new AggregateError([]),
      () => new TypeError('x'),
    ])();
    made.push(fields);
    for (let i = below(8); i >= 0; i--) {
      const found = value(depth);
      const isHostile = below(12) === 0;
      Reflect.defineProperty(fields, pick(KEYS), {
        configurable: true,
        enumerable: true,
        get: () => (reads++, isHostile ? refuse() : found),
      });
    }
    switch (below(20)) {
      case 0:
        return new Proxy(fields, { get: refuse });
      case 1:
        return new Proxy(fields, { getPrototypeOf: refuse, has: refuse, ownKeys: refuse });
      case 2: {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      }
      default:
        return fields;
    }
  };

  const bad: unknown[] = [];
  for (let run = 0; run < runs; run++) {
    made = [];
    reads = 0;
    const thrown = error(0);
    try {
      const verdict = classifyFailure(thrown) as unknown;
      const sent = requestSent(thrown);
      const judged: unknown = judge(thrown, policy, { wallNow: () => 1.8e12 });
      const isRight =
        (verdict === undefined || isVerdict(verdict)) &&
        isVerdict(judged) &&
        [undefined, 'no', 'maybe', 'yes'].includes(sent);
      if (!isRight || reads > MOST_READS) bad.push({ run, verdict, sent, judged, reads });
    } catch (failure) {
      bad.push({ run, failure });
    }
  }
  return bad;
}

function isVerdict(verdict: unknown): boolean {
  const hintMs = (verdict as { retryAfterMs?: unknown }).retryAfterMs;
  return (
    verdict === 'retry' || verdict === 'stop' || (Number.isSafeInteger(hintMs) && (hintMs as number) >= 0)
  );
}
