import { ReadableStream } from 'node:stream/web';
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retryFetch, type RetryFetchOptions } from '../../src/http/index.js';
import { type PolicySpec, permanent, reportOf, retryAfter } from '../../src/index.js';
import { hurriedClock } from './clock.js';
import { type Answer, closedPort, serve } from './server.js';

const policy: PolicySpec = { maxRetries: 2, baseDelayMs: 0, jitter: 'none' };

/** A fetch that retries twice, without delays. */
const fetchTwice = (options: RetryFetchOptions = {}, more: PolicySpec = {}): typeof fetch =>
  retryFetch({ ...policy, ...more }, { clock: hurriedClock(), ...options });

/** Without the hurried clock, which skips limits of attempts as well. */
const realTime = (options: RetryFetchOptions, limits: PolicySpec): typeof fetch =>
  retryFetch({ ...policy, ...limits }, options);

const all = () => [new AbortController(), new AbortController()] as const;

const fine: Answer = (_request, response) => response.end('fine');

/** Answers with each status in turn, then with 200. */
const statuses =
  (...list: readonly number[]): Answer =>
  (request, response, count) => {
    const status = list[count - 1];
    if (status === undefined) fine(request, response, count);
    else response.writeHead(status).end('not now');
  };

const withStatus = (status: number, headers: Record<string, string> = {}): Answer => {
  return (request, response, count) => {
    if (count === 1) response.writeHead(status, headers).end('not now');
    else fine(request, response, count);
  };
};

const reset: Answer = (request) => request.socket.resetAndDestroy();
const refused = (): Error => Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
const lost = (): Error => Object.assign(new Error('no'), { code: 'ECONNRESET' });

/** A fetch that fails as told, then answers; and what it was called with. */
const fake = (...failures: readonly unknown[]) => {
  let count = 0;
  return vi.fn<typeof fetch>(async () => {
    const failure = failures[count++];
    if (failure !== undefined) throw failure;
    return new Response('fine');
  });
};

describe('a fetch that retries', () => {
  test('gives the response of the first success', async () => {
    const server = await serve(statuses(503, 500));
    const response = await fetchTwice()(server.url);
    expect(await response.text()).toBe('fine');
    expect(server.requests).toHaveLength(3);
    expect(reportOf(response)).toMatchObject({ ok: true, attempts: [{ attempt: 1 }, {}, {}] });
  });

  test('returns the last response when retries are exhausted, body and all', async () => {
    const server = await serve(statuses(503, 503, 503, 503));
    const response = await fetchTwice()(server.url);
    expect([response.status, await response.text()]).toEqual([503, 'not now']);
    expect(server.requests).toHaveLength(3);
    expect(reportOf(response)).toMatchObject({ ok: false, reason: 'retries-exhausted' });
  });

  test('throws the last error, untouched', async () => {
    const errors = [lost(), lost(), lost()];
    const error: unknown = await fetchTwice({ fetch: fake(...errors) })('http://x/').catch((e: unknown) => e);
    expect(error).toBe(errors[2]);
    expect(reportOf(error)).toMatchObject({ ok: false, reason: 'retries-exhausted' });
  });

  test('leaves a status below 400, and one that is no use, to the caller', async () => {
    for (const status of [200, 304, 400, 404, 409]) {
      const server = await serve((_request, response) => response.writeHead(status).end());
      expect((await fetchTwice()(server.url)).status).toBe(status);
      expect(server.requests).toHaveLength(1);
    }
  });

  test('waits as long as the server says, by the clock of the server', async () => {
    const server = await serve(
      withStatus(503, {
        date: 'Sun, 06 Nov 1994 08:49:37 GMT',
        'retry-after': 'Sun, 06 Nov 1994 08:49:50 GMT',
      }),
    );
    const delays: number[] = [];
    await fetchTwice({ onRetry: ({ delayMs }) => void delays.push(delayMs) })(server.url);
    expect(delays).toEqual([13_000]);
  });

  test('gives up when told to wait longer than the policy allows', async () => {
    const server = await serve(withStatus(429, { 'retry-after': '4000000' }));
    const response = await fetchTwice()(server.url);
    expect([response.status, await response.text()]).toEqual([429, 'not now']);
    expect(reportOf(response)).toMatchObject({ reason: 'hint-too-long', hintMs: 4_000_000_000 });
  });

  test.each([403, 413])('%d is retried only if it says until when', async (status) => {
    for (const [headers, calls] of [
      [{}, 1],
      [{ 'retry-after': '1' }, 2],
    ] as const) {
      const server = await serve(withStatus(status, headers));
      await fetchTwice()(server.url);
      expect(server.requests).toHaveLength(calls);
    }
  });

  test('a failure that nobody knows is not retried', async () => {
    for (const unknown of [new Error('what?'), 'bye', new SyntaxError('bad'), permanent(lost())]) {
      const fetch = fake(unknown, unknown);
      await expect(fetchTwice({ fetch })('http://x/')).rejects.toBe(unknown);
      expect(fetch).toHaveBeenCalledTimes(1);
    }
  });

  test('a mark on an error counts', async () => {
    const fetch = fake(retryAfter(new Error('what?'), 1));
    await fetchTwice({ fetch })('http://x/');
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  test('passes on what it is given, and looks up the global fetch at each call', async () => {
    const fetch = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response());
    try {
      await fetchTwice()('http://x/', { method: 'PUT', body: 'b', cache: 'no-store' });
      expect(fetch).toHaveBeenCalledExactlyOnceWith('http://x/', {
        method: 'PUT',
        body: 'b',
        cache: 'no-store',
      });
    } finally {
      fetch.mockRestore();
    }
  });

  test('fetch(url) stays fetch(url), and what was given stays what it was', async () => {
    const fetch = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response());
    try {
      const init = Object.freeze({ headers: { a: 'b' } });
      await fetchTwice()('http://x/');
      await fetchTwice()('http://x/', undefined);
      await fetchTwice()('http://x/', init);
      expect(fetch.mock.calls).toEqual([['http://x/'], ['http://x/'], ['http://x/', init]]);
    } finally {
      fetch.mockRestore();
    }
  });

  test('a fetch of the caller is given the attempt', async () => {
    const fetch = fake(lost(), lost());
    await fetchTwice({ fetch })('http://x/');
    expect(fetch.mock.calls).toEqual([1, 2, 3].map((attempt) => ['http://x/', undefined, { attempt }]));
    const posted = fake(refused());
    await fetchTwice({ fetch: posted })('http://x/', { method: 'POST', body: 'b' });
    expect(posted.mock.calls.map((call: readonly unknown[]) => call[2])).toEqual([
      { attempt: 1 },
      { attempt: 2 },
    ]);
  });

  test('rejects, and never throws, for what fetch would refuse', async () => {
    await expect(fetchTwice()('no url')).rejects.toThrow(TypeError);
    await expect(fetchTwice()('http://x/', { headers: [['a b', 'c']] })).rejects.toThrow(TypeError);
    const idempotent = vi.fn<() => boolean>().mockThrow(new Error('mine'));
    await expect(fetchTwice({ idempotent })('http://x/', { method: 'POST' })).rejects.toThrow('mine');
  });

  test('refuses a wrong policy at once', () => {
    expect(() => retryFetch({ maxRetries: -1 })).toThrow(TypeError);
  });
});

describe('the word of others', () => {
  test.each(['GET', 'POST'])('x-should-retry: true makes any failure worth a retry (%s)', async (method) => {
    const server = await serve(withStatus(409, { 'x-should-retry': 'true' }));
    expect((await fetchTwice()(server.url, { method })).status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  test('x-should-retry: false stops', async () => {
    const server = await serve(withStatus(503, { 'x-should-retry': 'false' }));
    expect((await fetchTwice()(server.url)).status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });

  test.each<[number, string]>([
    [200, 'true'],
    [404, 'perhaps'],
  ])('x-should-retry on a %d, saying %s, says nothing', async (status, word) => {
    const server = await serve(withStatus(status, { 'x-should-retry': word }));
    expect((await fetchTwice()(server.url)).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test('a hint in milliseconds is a delay, also one that looks like an instant', async () => {
    const hintMs = Date.now() + 60_000;
    const server = await serve(withStatus(503, { 'retry-after-ms': String(hintMs) }));
    expect(reportOf(await fetchTwice()(server.url))).toMatchObject({ reason: 'hint-too-long', hintMs });
  });

  test('hooks are called as with retry', async () => {
    const calls: string[] = [];
    await fetchTwice({
      fetch: fake(lost()),
      onRetry: ({ attempt }) => void calls.push(`retry after ${attempt}`),
      onEnd: ({ ok, attempts }) => void calls.push(`${ok} after ${attempts.length}`),
    })('http://x/');
    expect(calls).toEqual(['retry after 1', 'true after 2']);
  });

  test('hooks are told the request', async () => {
    const events: unknown[] = [];
    const onRetry = (event: unknown): void => void events.push(event);
    await fetchTwice({ fetch: fake(lost()), onRetry })(new Request('http://x/a', { method: 'put' }));
    await fetchTwice({ fetch: fake(lost()), onRetry })('http://x/b', { headers: { a: 'b' } });
    expect(events).toEqual([
      expect.objectContaining({ attempt: 1, request: { method: 'PUT', url: 'http://x/a' } }),
      expect.objectContaining({ delayMs: 0, request: { method: 'GET', url: 'http://x/b' } }),
    ]);
  });

  test('a hook that is not a function is refused at once', () => {
    const onRetry = 'log' as unknown as () => void;
    expect(() => fetchTwice({ fetch: fake(lost()), onRetry })).toThrow(TypeError);
  });

  test('an option that does not exist is refused at once', () => {
    const misspelt = { onretry: () => {} } as RetryFetchOptions;
    expect(() => fetchTwice({ fetch: fake(), ...misspelt })).toThrow('onretry: got function; use onRetry');
  });

  test("the caller's word on errors and responses comes first", async () => {
    const server = await serve(statuses(404, 503));
    const response = await fetchTwice({
      classifyResult: ({ status }) => (status === 404 ? 'retry' : status === 503 ? 'stop' : undefined),
    })(server.url);
    expect([response.status, server.requests.length]).toEqual([503, 2]);
    const fetch = fake(new Error('what?'));
    await fetchTwice({ fetch, classify: () => 'retry' })('http://x/', { method: 'POST' });
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

describe('a POST', () => {
  test.each([408, 425, 429])('is sent again after %d, if the policy retries it', async (status) => {
    const server = await serve(statuses(status));
    const fetch = fetchTwice({}, { retryStatuses: [status] });
    expect((await fetch(server.url, { method: 'POST', body: 'b' })).status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(['b', 'b']);
  });

  test.each([424, 500, 503])('is not sent again after %d', async (status) => {
    const server = await serve(statuses(status));
    const retryStatuses = [status];
    expect((await fetchTwice({}, { retryStatuses })(server.url, { method: 'POST', body: 'b' })).status).toBe(
      status,
    );
    expect(server.requests).toHaveLength(1);
  });

  test('is not sent again when the answer was lost', async () => {
    for (const method of ['POST', 'PATCH', 'PROPFIND']) {
      const server = await serve(reset);
      await expect(fetchTwice()(server.url, { method, body: 'b' })).rejects.toThrow('fetch failed');
      expect(server.requests).toHaveLength(1);
    }
  });

  test('is sent again when nothing can have been sent', async () => {
    const fetch = fake(refused(), refused());
    await fetchTwice({ fetch })('http://x/', { method: 'POST', body: 'b' });
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  test.each<[string, RetryFetchOptions, HeadersInit]>([
    ['idempotent: true', { idempotent: true }, {}],
    [
      'idempotent by its URL',
      { idempotent: ({ method, url }) => method === 'POST' && url.endsWith('/ok') },
      {},
    ],
    ['an Idempotency-Key', {}, { 'idempotency-key': '1' }],
    ['an Idempotency-Key among pairs', {}, [['Idempotency-Key', '1']]],
  ])('is sent again with %s', async (_name, options, headers) => {
    const server = await serve(statuses(500));
    const response = await fetchTwice(options)(`${server.url}ok`, { method: 'post', body: 'b', headers });
    expect(response.status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  test('is sent again, or not, by its text', async () => {
    const bodies: unknown[] = [];
    const idempotent: RetryFetchOptions['idempotent'] = ({ body }) => {
      bodies.push(body);
      return body?.includes('"query {') ?? false;
    };
    const sent: number[] = [];
    for (const body of [
      '{"query":"query { tea }"}',
      '{"query":"mutation { brew }"}',
      new Blob(['"query {']),
      null,
    ]) {
      const fetch = fake(lost());
      await fetchTwice({ fetch, idempotent })('http://x/', { method: 'POST', body }).catch(() => {});
      sent.push(fetch.mock.calls.length);
    }
    expect(sent).toEqual([2, 1, 1, 1]);
    expect(bodies).toEqual([
      '{"query":"query { tea }"}',
      '{"query":"mutation { brew }"}',
      undefined,
      undefined,
    ]);
  });

  test('is not sent again when the time for an attempt is over', async () => {
    const server = await serve(() => {});
    const request = fetchTwice({}, { attemptTimeoutMs: 300 })(server.url, { method: 'POST', body: 'b' });
    await expect(request).rejects.toThrow(/attemptTimeoutMs/);
    expect(server.requests).toHaveLength(1);
  });
});

describe('other methods', () => {
  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY', 'delete'])('%s is sent again', async (method) => {
    const fetch = fake(lost(), lost());
    await fetchTwice({ fetch, idempotent: false })('http://x/', { method });
    expect(fetch).toHaveBeenCalledTimes(3);
  });
});

describe('a body', () => {
  const form = new FormData();
  form.set('a', 'b');
  test.each<[string, BodyInit, string]>([
    ['text', 'bytes', 'bytes'],
    ['a view', new TextEncoder().encode('bytes'), 'bytes'],
    ['a buffer', new TextEncoder().encode('bytes').buffer, 'bytes'],
    ['a Blob', new Blob(['bytes']), 'bytes'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' }), 'a=b'],
    ['FormData', form, 'name="a"'],
  ])('%s arrives whole at each attempt', async (_name, body, expected) => {
    const server = await serve(statuses(503, 503));
    await fetchTwice()(server.url, { method: 'PUT', body });
    expect(server.requests).toHaveLength(3);
    for (const request of server.requests) expect(request.body).toContain(expected);
  });

  test.each<[string, (url: string) => [Request | string, RequestInit?]]>([
    ['a stream', (url) => [url, { method: 'PUT', body: streamOf('bytes'), duplex: 'half' } as RequestInit]],
    [
      'a generator',
      (url) => [url, { method: 'PUT', body: generate(), duplex: 'half' } as unknown as RequestInit],
    ],
    [
      'a Request sent with duplex: half',
      (url) => [new Request(url, { method: 'PUT', body: 'bytes' }), { duplex: 'half' } as RequestInit],
    ],
  ])('%s means one attempt', async (_name, request) => {
    const server = await serve(statuses(503));
    const response = await fetchTwice({ classifyResult: () => 'retry' })(...request(server.url));
    expect(response.status).toBe(503);
    expect(server.requests.map(({ body }) => body)).toEqual(['bytes']);
    expect(reportOf(response)).toMatchObject({ reason: 'not-retryable' });
    const down = fetchTwice({ classify: () => 'retry' })(...request(await closedPort()));
    await expect(down).rejects.toThrow('fetch failed');
  });

  test('a used Request means one attempt, and the error of fetch', async () => {
    const request = new Request('http://127.0.0.1/', { method: 'POST', body: 'bytes' });
    await request.text();
    const fetch = vi.fn<typeof globalThis.fetch>((...args) => globalThis.fetch(...args));
    await expect(fetchTwice({ fetch })(request)).rejects.toThrow(TypeError);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test('a Request is cloned for each attempt, and used up in the end', async () => {
    const server = await serve(statuses(503, 503));
    const request = new Request(server.url, { method: 'PUT', body: 'bytes', headers: { 'x-mine': '1' } });
    expect((await fetchTwice()(request)).status).toBe(200);
    expect(server.requests.map(({ body }) => body)).toEqual(['bytes', 'bytes', 'bytes']);
    expect(server.requests.map(({ headers }) => headers['x-mine'])).toEqual(['1', '1', '1']);
    expect(request.bodyUsed).toBe(true);
  });

  test('where a platform does not show the body of a Request, it is cloned all the same', async () => {
    const request = new Request('http://x/', { method: 'PUT', body: 'bytes' });
    Object.defineProperty(request, 'body', { value: undefined });
    const fetch = fake(lost());
    await fetchTwice({ fetch })(request);
    expect(fetch).toHaveBeenCalledTimes(2);
    for (const [sent] of fetch.mock.calls) {
      expect(sent).not.toBe(request);
      expect(await (sent as Request).text()).toBe('bytes');
    }
  });

  test('a Request may stand in the place of options, and headers may be an iterator', async () => {
    const server = await serve(statuses(503));
    const headers = new Map([['x-mine', '1']]).entries() as unknown as HeadersInit;
    await fetchTwice()(server.url, new Request('http://x/', { method: 'PUT', headers: { 'x-mine': '1' } }));
    await fetchTwice()(server.url, { headers });
    expect(server.requests.map((seen) => [seen.method, seen.headers['x-mine']])).toEqual([
      ['PUT', '1'],
      ['PUT', '1'],
      ['GET', '1'],
    ]);
  });
});

describe('connections', () => {
  test('a pool of one never dries up, for superseded bodies are cancelled', async () => {
    const big = 'x'.repeat(1_000_000);
    const server = await serve((request, response, count) => {
      if (count % 3 === 0) fine(request, response, count);
      else response.writeHead(503).end(big);
    });
    const dispatcher = new Agent({ connections: 1, pipelining: 1 });
    const fetchOne = retryFetch(policy, { fetch: undiciFetch, clock: hurriedClock() });
    for (let i = 0; i < 5; i++) {
      expect(await (await fetchOne(server.url, { dispatcher })).text()).toBe('fine');
    }
    expect(server.requests).toHaveLength(15);
    await dispatcher.close();
  });

  test('the body of a superseded response is cancelled before the delay', async () => {
    const cancelled = vi.fn();
    const bodies = [new globalThis.ReadableStream({ cancel: cancelled }), null];
    const fetch = vi.fn<typeof globalThis.fetch>(
      async () => new Response(bodies.shift() ?? null, { status: bodies.length === 1 ? 503 : 200 }),
    );
    let before = -1;
    await fetchTwice({ fetch, onRetry: () => void (before = cancelled.mock.calls.length) })('http://x/');
    expect(before).toBe(1);
  });

  test('a body that is a stream of Node, as with node-fetch, is destroyed', async () => {
    const destroy = vi.fn();
    const busy = { status: 503, headers: new Headers(), body: { destroy } };
    const fetch = vi
      .fn<(url: string) => Promise<Response>>()
      .mockResolvedValueOnce(busy as unknown as Response)
      .mockImplementation(async () => new Response('fine'));
    await retryFetch(policy, { fetch, clock: hurriedClock() })('http://x/');
    expect(destroy).toHaveBeenCalledTimes(1);
  });

  test('a response that comes after its time is cancelled', async () => {
    const cancelled = vi.fn();
    let answerLate: ((response: Response) => void) | undefined;
    const fetch = vi
      .fn<typeof globalThis.fetch>()
      .mockImplementationOnce(() => new Promise((resolve) => (answerLate = resolve)))
      .mockImplementation(async () => new Response('fine'));
    const response = await fetchTwice({ fetch }, { attemptTimeoutMs: 20 })('http://x/');
    answerLate?.(new Response(new globalThis.ReadableStream({ cancel: cancelled })));
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledTimes(1));
    expect(await response.text()).toBe('fine');
  });

  test('a body that a deadline might have returned is cancelled before the next attempt', async () => {
    const cancelled = vi.fn();
    const before: number[] = [];
    const fetch = vi.fn<typeof globalThis.fetch>(async () => {
      before.push(cancelled.mock.calls.length);
      if (before.length === 2) return new Response('fine');
      return new Response(new globalThis.ReadableStream({ cancel: cancelled }), { status: 503 });
    });
    await fetchTwice({ fetch }, { maxElapsedMs: 60_000 })('http://x/');
    expect(before).toEqual([0, 1]);
  });

  test('a body is cancelled when the call ends without it', async () => {
    const cancelled = vi.fn();
    const fetch = async (): Promise<Response> =>
      new Response(new globalThis.ReadableStream({ cancel: cancelled }), { status: 503 });
    const onRetry = vi.fn<() => void>().mockThrow(new Error('mine'));
    await expect(fetchTwice({ fetch, onRetry }, { maxElapsedMs: 60_000 })('http://x/')).rejects.toThrow(
      'mine',
    );
    expect(cancelled).toHaveBeenCalledTimes(1);
  });

  test('a response that comes after the end of the call is cancelled', async () => {
    const cancelled = vi.fn();
    let answerLate: ((response: Response) => void) | undefined;
    const fetch = (): Promise<Response> => new Promise((resolve) => (answerLate = resolve));
    const controller = new AbortController();
    const pending = fetchTwice({ fetch })('http://x/', { signal: controller.signal });
    await vi.waitFor(() => expect(answerLate).toBeDefined());
    controller.abort('enough');
    await expect(pending).rejects.toBe('enough');
    answerLate?.(new Response(new globalThis.ReadableStream({ cancel: cancelled })));
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledTimes(1));
  });

  // By the platform's clock: the hurried one skips the limit of an attempt as it skips a delay.
  test('a deadline during a hook returns a response that can be read', async () => {
    const server = await serve(statuses(503, 503));
    const response = await fetchTwice(
      { clock: undefined, onRetry: () => sleep(1100) },
      { maxElapsedMs: 1000 },
    )(server.url);
    expect([response.status, await response.text()]).toEqual([503, 'not now']);
    expect(reportOf(response)).toMatchObject({ reason: 'deadline' });
  });

  test('a deadline returns a response that can be read', async () => {
    const server = await serve(statuses(503, 503, 503));
    const response = await fetchTwice(
      { clock: undefined },
      { baseDelayMs: 10_000, maxElapsedMs: 5000 },
    )(server.url);
    expect([response.status, await response.text()]).toEqual([503, 'not now']);
    expect(reportOf(response)).toMatchObject({ reason: 'deadline' });
  });
});

describe('signals', () => {
  test("the caller's abort rejects at once with its reason, during a request and during a delay", async () => {
    const server = await serve(() => {});
    const during = new AbortController();
    const pending = fetchTwice()(server.url, { signal: during.signal });
    await vi.waitFor(() => expect(server.requests).toHaveLength(1));
    during.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');

    const waiting = new AbortController();
    const delayed = fetchTwice({
      fetch: fake(lost(), lost()),
      onRetry: () => waiting.abort(new Error('enough')),
    });
    await expect(delayed('http://x/', { signal: waiting.signal })).rejects.toThrow('enough');
  });

  test('aborted before the first attempt, nothing is sent', async () => {
    const fetch = fake();
    await expect(fetchTwice({ fetch })('http://x/', { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(fetch).not.toHaveBeenCalled();
  });

  test.each<[string, (controller: AbortController) => Parameters<typeof fetchTwice>]>([
    ['of the request', () => [{}, {}]],
    ['of the options', ({ signal }) => [{ signal }, {}]],
    ['beside a time limit', () => [{}, { attemptTimeoutMs: 400 }]],
  ])('the signal %s still ends the body', async (_name, args) => {
    const server = await serve((_request, response) => response.writeHead(200).write('half'));
    const controller = new AbortController();
    const response = await fetchTwice(...args(controller))(server.url, { signal: controller.signal });
    const text = response.text();
    controller.abort(new Error('enough'));
    await expect(text).rejects.toThrow('enough');
  });

  describe('where AbortSignal.any is missing', () => {
    const any = Object.getOwnPropertyDescriptor(AbortSignal, 'any')!;
    beforeEach(() => void Reflect.deleteProperty(AbortSignal, 'any'));
    afterEach(() => void Object.defineProperty(AbortSignal, 'any', any));

    test.each([0, 1])(
      'the abort of either signal ends the request, the delay and the body (%i)',
      async (which) => {
        for (const limits of [{}, { attemptTimeoutMs: 60_000 }]) {
          const silent = await serve((_request, response, count) => {
            if (count === 2) response.writeHead(200).write('half');
          });
          const during = all();
          const pending = realTime({ signal: during[0].signal }, limits)(silent.url, {
            signal: during[1].signal,
          });
          await vi.waitFor(() => expect(silent.requests).toHaveLength(1));
          during[which]!.abort(new Error('enough'));
          await expect(pending).rejects.toThrow('enough');

          const body = all();
          const response = await realTime({ signal: body[0].signal }, limits)(silent.url, {
            signal: body[1].signal,
          });
          const text = response.text();
          body[which]!.abort(new Error('enough'));
          await expect(text).rejects.toThrow('enough');

          const waiting = all();
          const onRetry = (): void => waiting[which]!.abort(new Error('enough'));
          const delayed = realTime({ fetch: fake(lost()), onRetry, signal: waiting[0].signal }, limits);
          await expect(delayed('http://x/', { signal: waiting[1].signal })).rejects.toThrow('enough');

          const before = all();
          before[which]!.abort(new Error('enough'));
          const unused = fake();
          const never = realTime({ fetch: unused, signal: before[0].signal }, limits)('http://x/', {
            signal: before[1].signal,
          });
          await expect(never).rejects.toThrow('enough');
          expect(unused).not.toHaveBeenCalled();
        }
      },
    );

    test('an abort after the last byte of the headers, before the caller goes on, ends the body', async () => {
      const server = await serve((_request, response) => response.writeHead(200).write('half'));
      const [controller] = all();
      const onEnd = (): void => controller.abort(new Error('enough'));
      const call = fetchTwice({ signal: controller.signal, onEnd })(server.url);
      await expect(call.then((response) => response.text())).rejects.toThrow('enough');
    });

    test('no listener is left when the call has ended without a body', async () => {
      const [controller, other] = all();
      for (const fetch of [fake(), fake(new Error('what?'))]) {
        const empty: typeof globalThis.fetch = async (...args) => {
          await fetch(...args);
          return new Response(null, { status: 204 });
        };
        await fetchTwice({ fetch: empty, signal: controller.signal })('http://x/', {
          signal: other.signal,
        }).catch(() => {});
      }
      expect([controller, other].map(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([[], []]);
    });
  });

  test('the deadline of the call aborts the request under way', async () => {
    const signals: (AbortSignal | null | undefined)[] = [];
    const fetch = (_input: unknown, init?: RequestInit): Promise<Response> => {
      signals.push(init?.signal);
      return new Promise(() => {});
    };
    await expect(fetchTwice({ fetch }, { maxElapsedMs: 50 })('http://x/')).rejects.toThrow(/maxElapsedMs/);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test('nothing is added to a request that no signal or limit of ours concerns', async () => {
    const request = new Request('http://x/', { signal: new AbortController().signal });
    const fetch = fake();
    await fetchTwice({ fetch })(request);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(request, undefined, { attempt: 1 });
  });

  test('a Request brings its signal along, and null in the options takes it away', async () => {
    const request = new Request('http://x/', { signal: AbortSignal.abort('no') });
    await expect(fetchTwice({ fetch: fake() })(request)).rejects.toBe('no');
    expect((await fetchTwice({ fetch: fake() })(request, { signal: null })).status).toBe(200);
  });

  test('a hang is cut off and tried again; the limit ends when the headers are there', async () => {
    const server = await serve((_request, response, count) => {
      if (count === 1) return;
      response.writeHead(200).write('slow ');
      setTimeout(() => response.end('body'), 600);
    });
    const response = await fetchTwice({}, { attemptTimeoutMs: 400 })(server.url);
    expect(await response.text()).toBe('slow body');
    expect(server.requests).toHaveLength(2);
  });
});

function streamOf(text: string): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

async function* generate(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('bytes');
}
