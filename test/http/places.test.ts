import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';
import { type PolicySpec, retry, type Verdict } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

type Props = Readonly<Record<string, unknown>>;

const failed = (props: Props, message = 'failed'): Error => Object.assign(new Error(message), props);

/** What `retry` with `classifyFailure` does after this error: its delay, or the reason to stop. */
async function after(
  error: unknown,
  policy: PolicySpec = {},
  classify: typeof classifyFailure | undefined = classifyFailure,
) {
  const clock = virtualClock();
  let next: unknown;
  const call = retry(
    () => {
      throw error;
    },
    { maxRetries: 1, baseDelayMs: 5, jitter: 'none', ...policy },
    { classify, clock, onRetry: ({ delayMs }) => (next = delayMs), onEnd: ({ reason }) => (next ??= reason) },
  );
  await expect(clock.runAll(call)).rejects.toBe(error);
  return next;
}

/** The same response at each place: an error for a status and headers. */
const places: Record<string, (status: number, headers: Props) => Error> = {
  'response of axios': (status, headers) => failed({ response: { status, headers } }),
  'response of got': (statusCode, headers) => failed({ response: { statusCode, headers } }),
  'an error of undici': (statusCode, headers) => failed({ statusCode, headers }),
  '$response of the AWS SDK': (statusCode, headers) => failed({ $response: { statusCode, headers } }),
  'a number in code, headers beside it': (code, headers) => failed({ code, headers }),
  'a number in code, a response beside it': (code, headers) =>
    failed({ code, response: { headers, body: {} } }),
  'a number in the code of a response': (code, headers) => failed({ response: { code, headers } }),
  'statusCode and responseHeaders of the AI SDK': (statusCode, responseHeaders) =>
    failed({ statusCode, responseHeaders }),
  'lastError of the AI SDK': (statusCode, responseHeaders) =>
    failed({
      name: 'AI_RetryError',
      reason: 'maxRetriesExceeded',
      errors: [failed({ statusCode: 500 })],
      lastError: failed({ statusCode, responseHeaders, isRetryable: true }),
    }),
  'lastError beside an older cause': (status, headers) =>
    failed({ cause: failed({ status: 401, headers: {} }), lastError: failed({ status, headers }) }),
  'rawResponse of Fern': (statusCode, headers) =>
    failed({ statusCode, rawResponse: { headers: new Headers(headers as {}) } }),
  'rawResponse of Speakeasy, alone': (status, headers) =>
    failed({ rawResponse: new Response('', { status, headers: headers as {} }) }),
  'httpMeta of Speakeasy': (status, headers) =>
    failed({ httpMeta: { response: { status, headers }, request: {} } }),
  'context of Supabase': (status, headers) =>
    failed({ context: new Response('', { status, headers: headers as {} }) }),
  'meta of tRPC': (status, headers) =>
    failed({ data: { httpStatus: status }, meta: { response: { status, headers } } }),
  'meta of OpenSearch': (statusCode, headers) => failed({ meta: { statusCode, headers, body: {} } }),
  'output of Hapi': (statusCode, headers) =>
    failed({ isBoom: true, output: { statusCode, headers, payload: {} } }),
  'res of Hono': (status, headers) =>
    failed({ status, res: new Response('', { status, headers: headers as {} }) }),
  'httpResponse of Hugging Face': (status, headers) => failed({ httpResponse: { status, headers } }),
  'responseStatusCode of Kiota': (responseStatusCode, headers) =>
    failed({
      responseStatusCode,
      responseHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    }),
};

describe.each(Object.entries(places))('a response at %s', (_name, make) => {
  test.each([400, 401, 403, 404, 409, 413, 422])('%i stops', async (status) => {
    expect(await after(make(status, {}))).toBe('not-retryable');
    expect(requestSent(make(status, {}))).toBe('yes');
  });

  test('is judged by the policy of the call', async () => {
    expect(await after(make(418, { 'retry-after': '9' }), { retryStatuses: [418] })).toBe(9000);
    expect(await after(make(503, {}), { retryStatuses: [429] })).toBe('not-retryable');
    expect(await after(make(500, {}))).toBe(5);
  });

  test.each<[number, Props, unknown]>([
    [429, { 'retry-after': '7' }, 7000],
    [503, { 'retry-after-ms': '70' }, 70],
    [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '8' }, 8000],
    [403, { 'retry-after': '3' }, 3000],
    [500, { 'retry-after': '6' }, 6000],
    [429, { 'retry-after': '7200' }, 'hint-too-long'],
    [429, { 'x-should-retry': 'false' }, 'not-retryable'],
    [400, { 'stripe-should-retry': 'true' }, 5],
  ])('%i with %j has the hint of its headers', async (status, headers, expected) => {
    expect(await after(make(status, headers))).toBe(expected);
  });
});

describe('no status', () => {
  test.each<[string, Props]>([
    ['a number in code, no trace of a response', { code: 404 }],
    ['a number that is none', { code: 7001, headers: {} }],
    ['a number above 599', { code: 600, headers: {} }],
    ['an exit code', { code: 127, killed: false, cmd: 'x' }],
    ['a code and a response that is null', { code: 404, response: null }],
    ['a text in code', { code: '404', headers: {} }],
    ['a context without headers', { context: { status: 404 } }],
    ['a meta without headers', { meta: { statusCode: 404 } }],
    ['an output that is a text', { output: 'exited with 1' }],
    ['a wrapper that knows nothing', { lastError: 'x', reason: 'y' }],
  ])('%s', async (_name, props) => {
    expect(await after(failed(props))).toBe(5);
    expect(classifyFailure(failed(props))).toBeUndefined();
  });
});

test('the core reads a number in code beside headers by itself', async () => {
  expect(await after(failed({ code: 404, headers: {} }), {}, () => undefined)).toBe('not-retryable');
  expect(await after(failed({ code: 429, headers: { 'retry-after': '7' } }), {}, () => undefined)).toBe(7000);
  expect(await after(failed({ code: 413, response: { headers: {} } }), {}, () => undefined)).toBe(
    'not-retryable',
  );
  expect(await after(failed({ code: 404 }), {}, () => undefined)).toBe(5);
  expect(await after(failed({ code: 700, headers: {} }), {}, () => undefined)).toBe(5);
});

test.each([600, 777, 999])('status %i stops, unless the policy lists it', async (status) => {
  for (const error of [{ status, headers: {} }, failed({ response: { status, headers: {} } })]) {
    expect(await after(error)).toBe('not-retryable');
    expect(await after(error, { retryStatuses: [status] })).toBe(5);
  }
  expect(await after({ status, headers: { 'retry-after-ms': '9' } })).toBe('not-retryable');
});

test('a wrapper of a lost connection is judged by it, wherever it is kept', () => {
  const lost = failed({ code: 'ECONNREFUSED', syscall: 'connect' });
  for (const name of ['lastError', 'cause', 'original', 'originalError', 'reason', 'context']) {
    const error = failed({ [name]: lost });
    expect([classifyFailure(error), requestSent(error)]).toEqual<[Verdict, string]>(['retry', 'no']);
  }
  expect(classifyFailure(failed({ context: { code: 'ECONNREFUSED' } }))).toBeUndefined();
});
