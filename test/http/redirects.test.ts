import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import got from 'got';
import ky from 'ky';
import { Agent, fetch as undiciFetch, interceptors, request } from 'undici';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { classifyFailure, requestSent, retryFetch, type RetryFetchOptions } from '../../src/http/index.js';
import { type PolicySpec, reportOf, retry } from '../../src/index.js';
import { hurriedClock } from './clock.js';
import { type Chain, chainOf, checkChains, type Hop, REDIRECTS } from './hops.js';
import { runs } from '../support/runs.js';
import { closedPort, serve } from './server.js';

const policy: PolicySpec = { maxRetries: 2, baseDelayMs: 0, jitter: 'none' };
const fetchTwice = (options: RetryFetchOptions = {}): typeof fetch =>
  retryFetch(policy, { clock: hurriedClock(), ...options });

const open = async (...hops: Hop[]): Promise<Chain> => {
  const chain = await chainOf(hops);
  onTestFinished(() => chain.close());
  return chain;
};
const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What comes after the redirect, and must not bring the POST back. */
const ENDS: readonly Hop[] = ['refuse', 'reset before the body', 'reset after the body', 503, 429];
const order = { method: 'POST', body: 'order' };

/** POSTs to a URL; resolves or rejects, as the documentation has it for each client. */
const recipes: Record<string, (url: string) => Promise<unknown>> = {
  retryFetch: (url) => fetchTwice()(url, order),
  'retryFetch with the fetch of undici': (url) =>
    retryFetch(policy, { fetch: undiciFetch, clock: hurriedClock() })(url, order),
  axios: (url) => repeatIfUnsent((signal) => axios.post(url, 'order', { signal })),
  'axios with fetch': (url) =>
    repeatIfUnsent((signal) => axios.post(url, 'order', { signal, adapter: 'fetch' })),
  got: (url) => repeatIfUnsent((signal) => got.post(url, { body: 'order', signal, retry: { limit: 0 } })),
  // Rewrites no method, so the second host gets a POST as well.
  'got, as POST': (url) =>
    repeatIfUnsent((signal) =>
      got.post(url, { body: 'order', signal, retry: { limit: 0 }, methodRewriting: false }),
    ),
  undici: (url) => repeatIfUnsent((signal) => request(url, { ...order, signal, dispatcher: failing })),
  ky: (url) => ky.create({ fetch: fetchTwice(), retry: 0 }).post(url, { body: 'order' }),
  'ky inside retry': (url) =>
    repeatIfUnsent((signal) => ky.post(url, { body: 'order', signal, retry: 0, timeout: false })),
};
const failing = new Agent().compose(interceptors.responseError());

const repeatIfUnsent = (operation: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> =>
  retry(({ signal }) => operation(signal), policy, {
    classify: (error) => (requestSent(error) === 'no' ? classifyFailure(error) : 'stop'),
    clock: hurriedClock(),
  });

describe.each(Object.entries(recipes))('a POST by %s', (name, post) => {
  test.each(REDIRECTS)('is sent once, if it is answered by %d', async (status) => {
    for (const end of ENDS) {
      const chain = await open(status, end);
      await errorOf(post(chain.url));
      expect(chain.arrivals[0], String(end)).toEqual(['POST order']);
      const twice = await open(status, 307, end);
      await errorOf(post(twice.url));
      expect(twice.arrivals[0], String(end)).toEqual(['POST order']);
    }
  });

  // The errors of fetch leave no proof that no redirect came before, except to `retryFetch`.
  const attempts = /inside retry|axios with fetch/.test(name) ? 1 : 3;
  test(`is tried ${attempts} times, if no connection can be made`, async () => {
    const error = (await errorOf(post(await closedPort()))) as Error;
    expect((reportOf(error) ?? reportOf(error.cause))?.attempts).toHaveLength(attempts);
  });
});

test('a redirect back to the first host, which then refuses, has arrived as well', async () => {
  // The address of the last connection is that of the first request.
  const server = createServer((_incoming, response) => {
    response.writeHead(307, { location: '/again', connection: 'close' }).end();
    server.close();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const again = await errorOf(axios.post(url, 'order'));
  expect(requestSent(again)).toBe('yes');
});

describe('a redirect of a POST by retryFetch', () => {
  test('gives the response that fetch gives', async () => {
    const chain = await open(303, 200);
    const response = await fetchTwice()(chain.url, order);
    expect([response.status, response.redirected, new URL(response.url).pathname]).toEqual([200, true, '/1']);
    expect(await response.text()).toBe('ok');
    expect(chain.arrivals[1]).toEqual(['GET ']);
  });

  test('keeps the body of a Request, and its headers only on the same origin', async () => {
    const seen: unknown[] = [];
    const other = await serve((incoming, response) => {
      seen.push(incoming.headers.authorization, incoming.headers['x-mine'], incoming.headers['content-type']);
      incoming.on('end', () => response.end());
    });
    const server = await serve((incoming, response) => {
      if (incoming.url === '/') response.writeHead(308, { location: '/same' }).end();
      else {
        seen.push(incoming.headers.authorization);
        response.writeHead(308, { location: other.url }).end();
      }
    });
    const headers = { authorization: 'secret', 'x-mine': '1', 'content-type': 'text/x' };
    await fetchTwice()(new Request(server.url, { ...order, headers }));
    expect(seen).toEqual(['secret', undefined, '1', 'text/x']);
    expect(other.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(['POST order']);
  });

  test('drops the headers of a body that it drops', async () => {
    const seen: unknown[] = [];
    const server = await serve((incoming, response) => {
      if (incoming.method === 'POST')
        response.writeHead(302, { location: Buffer.from('/ümlaut').toString('latin1') }).end();
      else {
        seen.push(incoming.url, incoming.headers['content-type'], incoming.headers['x-mine']);
        response.end();
      }
    });
    await fetchTwice()(server.url, { ...order, headers: { 'content-type': 'text/x', 'x-mine': '1' } });
    expect(seen).toEqual(['/%C3%BCmlaut', undefined, '1']);
  });

  test('to no http URL rejects, and in a loop ends', async () => {
    const server = await serve((incoming, response) => {
      response.writeHead(307, { location: incoming.url === '/file' ? 'file:///etc/passwd' : '/loop' }).end();
    });
    expect(await errorOf(fetchTwice()(`${server.url}file`, order))).toBeInstanceOf(TypeError);
    expect(server.requests).toHaveLength(1);
    expect(await errorOf(fetchTwice()(server.url, order))).toBeInstanceOf(TypeError);
    expect(server.requests.length).toBeLessThan(30);
  });

  test('is left to the caller, where the caller says so', async () => {
    const chain = await open(303, 200);
    const manual = await fetchTwice()(chain.url, { ...order, redirect: 'manual' });
    expect([manual.status, chain.arrivals]).toEqual([303, [['POST order'], []]]);
    expect(await errorOf(fetchTwice()(chain.url, { ...order, redirect: 'error' }))).toBeInstanceOf(TypeError);
    expect(chain.arrivals).toEqual([['POST order', 'POST order'], []]);
  });

  test('is repeated, where the request may be', async () => {
    const chain = await open(307, 503);
    await fetchTwice({ idempotent: true })(chain.url, order);
    await fetchTwice()(chain.url, { ...order, headers: { 'idempotency-key': '1' } });
    expect(chain.arrivals.map(({ length }) => length)).toEqual([6, 6]);
  });

  test('ends with the signal of the caller, also while the second host is silent', async () => {
    const silent = await serve(() => {});
    const server = await serve((_incoming, response) =>
      response.writeHead(307, { location: silent.url }).end(),
    );
    const controller = new AbortController();
    const pending = fetchTwice()(server.url, { ...order, signal: controller.signal });
    await vi.waitFor(() => expect(silent.requests).toHaveLength(1));
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  test('where redirects are hidden, as in browsers, fetch follows them, and no error repeats the POST', async () => {
    vi.stubGlobal('process', { versions: { electron: '40', node: '24' } });
    try {
      const fetch = vi.fn<typeof globalThis.fetch>(() =>
        Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })),
      );
      await errorOf(fetchTwice({ fetch })('http://x/', order));
      expect(fetch).toHaveBeenCalledExactlyOnceWith('http://x/', order, { attempt: 1 });
      // React Native has no `redirected`.
      const last = { status: 429, headers: new Headers(), url: 'http://x/b' } as Response;
      const followed = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(last));
      await fetchTwice({ fetch: followed })('http://x/a', order);
      expect(followed).toHaveBeenCalledTimes(1);
      await fetchTwice({ fetch: followed })('http://x/b#part', order);
      expect(followed).toHaveBeenCalledTimes(4);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

test('whatever the hops are, a POST is processed at most once, and one that was refused goes again', async () => {
  const { numRuns, seed } = runs(60);
  await checkChains(numRuns, seed, (input, init) => fetch(input, init));
});
