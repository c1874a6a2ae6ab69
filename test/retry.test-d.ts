import { expectTypeOf, test } from 'vitest';
import {
  type AttemptContext,
  decide,
  type Decision,
  definePolicy,
  type PolicySpec,
  presets,
  type Random,
  type Report,
  reportOf,
  retry,
  type RetryEvent,
  type RetryOptions,
  type RetryPolicy,
  seeded,
  type Verdict,
} from '../src/index.js';

interface User {
  readonly id: string;
}
declare const user: User;

const often = <T>(operation: () => Promise<T>): Promise<T> => retry(operation, presets.aggressive);

test('the result of a call is what the operation comes to', () => {
  expectTypeOf(retry(() => user)).toEqualTypeOf<Promise<User>>();
  expectTypeOf(retry(async () => user)).toEqualTypeOf<Promise<User>>();
  expectTypeOf(retry((): PromiseLike<User> => Promise.resolve(user))).toEqualTypeOf<Promise<User>>();
  expectTypeOf(retry(async ({ attempt }) => attempt)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(retry(() => {})).toEqualTypeOf<Promise<void>>();
  expectTypeOf(
    retry(() => {
      throw new Error('boom');
    }),
  ).toEqualTypeOf<Promise<never>>();
  expectTypeOf(retry((): User | Promise<User> => user)).toEqualTypeOf<Promise<User>>();
});

test('a generic operation keeps its type argument', () => {
  expectTypeOf(often(async () => user)).toEqualTypeOf<Promise<User>>();
});

test('the operation is told the attempt and its signal, and may not change them', () => {
  retry((context) => {
    expectTypeOf(context).toEqualTypeOf<AttemptContext>();
    expectTypeOf(context.attempt).toEqualTypeOf<number>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    // @ts-expect-error: read only
    context.attempt = 2;
  }).catch(() => {});
});

test('a copy of the context has no signal, and TypeScript knows', () => {
  retry((context) => {
    // oxlint-disable-next-line typescript/no-misused-spread -- here it is to be seen what gets lost
    const copy = { ...context };
    expectTypeOf(copy).toEqualTypeOf<{ attempt: number }>();
  }).catch(() => {});
  // What a test passes to an operation may be a plain object.
  const context: AttemptContext = { attempt: 1, signal: new AbortController().signal };
  expectTypeOf(context.attempt).toEqualTypeOf<number>();
});

test('hooks know the type of the result', () => {
  const options = {
    classify: (error, context) => {
      expectTypeOf(error).toBeUnknown();
      expectTypeOf(context).toEqualTypeOf<AttemptContext>();
      return undefined;
    },
    classifyResult: (value) => {
      expectTypeOf(value).toEqualTypeOf<User>();
      return value.id ? undefined : 'retry';
    },
    onRetry: async (event) => expectTypeOf(event).toEqualTypeOf<RetryEvent>(),
    onEnd: (report) => expectTypeOf(report).toEqualTypeOf<Report>(),
  } satisfies RetryOptions<User>;
  expectTypeOf(retry(async () => user, {}, options)).toEqualTypeOf<Promise<User>>();
  retry(async () => user, undefined, {
    classifyResult: (value) => {
      expectTypeOf(value).toEqualTypeOf<User>();
      return undefined;
    },
  }).catch(() => {});
});

test('a classifier gives a verdict or nothing, and no promise', () => {
  expectTypeOf<Verdict>().toEqualTypeOf<
    'retry' | 'stop' | { readonly retryAfterMs: number } | { readonly delayMs: number }
  >();
  // @ts-expect-error: a boolean is no verdict
  retry(() => user, {}, { classify: () => true }).catch(() => {});
  // @ts-expect-error: nor is a promise
  retry(() => user, {}, { classify: async () => 'retry' }).catch(() => {});
  // @ts-expect-error: nor a word that nobody knows
  retry(() => user, {}, { classifyResult: () => 'again' }).catch(() => {});
});

test('a policy and a bare spec are as good as each other', () => {
  expectTypeOf(retry).parameter(1).toEqualTypeOf<PolicySpec | undefined>();
  expectTypeOf<RetryPolicy>().toExtend<PolicySpec>();
  expectTypeOf(definePolicy({ jitter: 'full' })).toEqualTypeOf<RetryPolicy>();
  expectTypeOf(definePolicy({}, presets.conservative).jitter).toEqualTypeOf<
    readonly [lo: number, hi: number]
  >();
});

test('a spec that is kept somewhere is checked where it is written, with satisfies', () => {
  const quick = {
    maxRetries: 2,
    backoff: 'constant',
    baseDelayMs: 50,
    jitter: [0.5, 1],
  } satisfies PolicySpec;
  const list = { backoff: [100, 1_000], retryStatuses: [429, '5xx'], jitter: 'none' } satisfies PolicySpec;
  retry(() => user, quick).catch(() => {});
  retry(() => user, list).catch(() => {});
  expectTypeOf(quick.backoff).toEqualTypeOf<'constant'>();
  // @ts-expect-error: no such kind
  ({ backoff: 'quadratic' }) satisfies PolicySpec;
  // @ts-expect-error: no such key
  ({ retries: 3 }) satisfies PolicySpec;
  // @ts-expect-error: a number of milliseconds
  ({ baseDelayMs: '2s' }) satisfies PolicySpec;
  // @ts-expect-error: an interval has two ends
  ({ jitter: [1] }) satisfies PolicySpec;
  // @ts-expect-error: no such family
  ({ retryStatuses: ['3xx'] }) satisfies PolicySpec;
});

test('a key of a spec may be undefined: nothing is said then', () => {
  expectTypeOf<{ maxRetries: undefined; jitter: undefined }>().toExtend<PolicySpec>();
  expectTypeOf<{ signal: undefined; unref: undefined }>().toExtend<RetryOptions>();
});

test('a policy cannot be changed', () => {
  const policy = definePolicy({});
  // @ts-expect-error: read only
  policy.maxRetries = 3;
  // @ts-expect-error: read only
  policy.jitter[0] = 3;
  // @ts-expect-error: read only
  policy.retryStatuses.push(404);
});

test('a decision has a delay or a reason', () => {
  const decision = decide(presets.default, { verdict: 'retry', attempt: 1, elapsedMs: 0 });
  expectTypeOf(decision).toEqualTypeOf<Decision>();
  if (decision.retry) expectTypeOf(decision.delayMs).toEqualTypeOf<number>();
  else
    expectTypeOf(decision.reason).toEqualTypeOf<
      'not-retryable' | 'retries-exhausted' | 'hint-too-long' | 'deadline'
    >();
});

test('chance is a function of the retry, and Math.random is one', () => {
  expectTypeOf(seeded('job')).toEqualTypeOf<Random>();
  expectTypeOf(Math.random).toExtend<Random>();
});

test('a report may be asked for of anything', () => {
  expectTypeOf(reportOf).parameters.toEqualTypeOf<[unknown]>();
  expectTypeOf(reportOf(new Error('boom'))).toEqualTypeOf<Report | undefined>();
});
