import { Agent, fetch as undiciFetch } from 'undici';
import { expectTypeOf, test } from 'vitest';
import { classifyFailure, readRetryHint, requestSent, retryFetch } from '../../src/http/index.js';
import { retry } from '../../src/index.js';

test('retryFetch has the type of the platform, or of the fetch it is given', () => {
  expectTypeOf(retryFetch()).toEqualTypeOf<typeof fetch>();
  expectTypeOf(retryFetch({ maxRetries: 1 }, { idempotent: true })).toEqualTypeOf<typeof fetch>();
  expectTypeOf(retryFetch({}, { fetch: undiciFetch })).toEqualTypeOf<typeof undiciFetch>();
  expectTypeOf(
    retryFetch({}, { fetch: undiciFetch })('http://x/', { dispatcher: new Agent() }),
  ).resolves.toHaveProperty('status');
});

test('it takes every option of retry, and the head of the request for idempotent', () => {
  retryFetch(
    {},
    {
      classifyResult: (response) => (response.ok ? undefined : 'retry'),
      idempotent: ({ method, url, headers }) => method === 'POST' && url !== '' && headers.has('x'),
      onRetry: ({ delayMs }) => expectTypeOf(delayMs).toBeNumber(),
      unref: true,
    },
  );
  // @ts-expect-error: the option is called idempotent
  retryFetch({}, { idempotency: true });
});

test('a fetch of the caller gets the attempt, which the result does not ask for', () => {
  const fetch = retryFetch(
    {},
    {
      fetch: (url: string, init, { attempt }) => {
        expectTypeOf(attempt).toBeNumber();
        return globalThis.fetch(url, init);
      },
    },
  );
  expectTypeOf(fetch('http://x/')).resolves.toEqualTypeOf<Response>();
  expectTypeOf(
    retryFetch({}, { fetch: async () => new Response() }),
  ).returns.resolves.toEqualTypeOf<Response>();
});

test('hooks get the request, and idempotent its text', () => {
  retryFetch(
    {},
    {
      onRetry: ({ request, attempt }) => {
        expectTypeOf(request).toEqualTypeOf<{ readonly method: string; readonly url: string }>();
        expectTypeOf(attempt).toBeNumber();
      },
      idempotent: ({ body }) => {
        expectTypeOf(body).toEqualTypeOf<string | undefined>();
        return body?.startsWith('query') ?? false;
      },
    },
  );
});

test('classifyFailure fits as classify', () => {
  expectTypeOf(retry(() => 1, {}, { classify: classifyFailure })).resolves.toBeNumber();
  expectTypeOf(requestSent).returns.toEqualTypeOf<'no' | 'maybe' | 'yes' | undefined>();
  expectTypeOf(readRetryHint).returns.toEqualTypeOf<number | undefined>();
});
