import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import axios, { type AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { describe, expect, test, vi } from 'vitest';
import { retryAxios, type RetryAxiosOptions, withoutRetry } from '../../src/integrations/axios.js';
import { virtualClock } from '../../src/testing/index.js';
import { hurriedClock } from '../http/clock.js';
import { closedPort, serve } from '../http/server.js';
import { acceptance, policy, statuses } from './acceptance.js';

const statusOf = async (client: AxiosInstance, config: AxiosRequestConfig): Promise<number> => {
  try {
    return (await client.request(config)).status;
  } catch (error) {
    if (axios.isAxiosError(error) && error.response) return error.response.status;
    throw error;
  }
};

const ways: Record<string, AxiosRequestConfig> = { http: {}, fetch: { adapter: 'fetch' } };

describe.each(Object.entries(ways))('axios with its adapter %s', (way, defaults) => {
  acceptance(
    (spec, options) =>
      (url, { body, ...sent } = {}) => {
        const client = retryAxios(axios.create(defaults), spec, options);
        return statusOf(client, { url, ...sent, ...(body !== undefined && { data: body }) });
      },
    { hidesRedirects: way === 'fetch' },
  );
});

const hurried = (options: RetryAxiosOptions = {}): RetryAxiosOptions => ({
  clock: hurriedClock(),
  ...options,
});

describe.each([
  ['an instance', () => axios.create()],
  ['an instance with an adapter of its own', () => axios.create({ adapter: axios.getAdapter('http') })],
  ['an instance of an instance', () => axios.create({ adapter: 'http' }).create()],
])('%s', (_, make) => {
  test('interceptors and transforms run once, and the body is whole in each attempt', async () => {
    const server = await serve(statuses(503, 503));
    const seen: unknown[] = [];
    const client = make();
    expect(retryAxios(client, policy, hurried({ idempotent: true }))).toBe(client);
    client.interceptors.request.use((config) => {
      seen.push(config.data);
      config.headers.delete('Accept');
      config.headers.set('x-own', 'yes');
      return config;
    });
    client.interceptors.response.use((response) => {
      seen.push(response.status);
      return response;
    });
    const response = await client.post(server.url, { a: 1 }, { params: { q: [1, 2] } });
    expect(seen).toEqual([{ a: 1 }, 200]);
    expect(response.data).toBe('body');
    expect(server.requests.map(({ body }) => body)).toEqual(Array(3).fill('{"a":1}'));
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-own': 'yes' });
      expect(headers).not.toHaveProperty('accept');
    }
  });

  test('responses and errors show the config of the caller', async () => {
    const server = await serve(statuses(404, 200));
    const client = retryAxios(make(), { ...policy, attemptTimeoutMs: 5_000 });
    const configs: unknown[] = [];
    client.interceptors.request.use((config) => {
      configs.push(config);
      return config;
    });
    const error = (await client.get(server.url).catch((thrown: unknown) => thrown)) as AxiosError;
    const response = await client.get(server.url);
    expect([error.config?.signal, response.config.signal]).toEqual([undefined, undefined]);
    expect([error.config?.url, error.response?.config.url, response.config.url]).toEqual(
      Array(3).fill(server.url),
    );
  });

  test('an abort is a CanceledError, as without retries', async () => {
    const server = await serve(statuses(503));
    const clock = virtualClock();
    const client = retryAxios(make(), policy, { clock });
    const source = axios.CancelToken.source();
    const response = client.get(server.url, { cancelToken: source.token });
    await vi.waitFor(() => expect(clock.liveTimers).toBe(1));
    source.cancel('enough');
    const error: unknown = await response.catch((thrown: unknown) => thrown);
    expect(axios.isCancel(error)).toBe(true);
    expect(error).toMatchObject({ message: 'enough' });
    expect(clock.liveTimers).toBe(0);
    const signal = AbortSignal.abort();
    expect(axios.isCancel(await client.get(server.url, { signal }).catch((thrown: unknown) => thrown))).toBe(
      true,
    );
    expect(server.requests).toHaveLength(1);
  });

  test('a request may opt out', async () => {
    const server = await serve(statuses(503, 503, 503));
    const client = retryAxios(make(), policy, hurried());
    expect(await statusOf(client, withoutRetry({ url: server.url }))).toBe(503);
    await expect(client.get(server.url, withoutRetry())).rejects.toMatchObject({ status: 503 });
    expect(server.requests).toHaveLength(2);
  });

  test('a status that validateStatus accepts is retried, and then given to the caller', async () => {
    const server = await serve(statuses(503, 503, 503, 503));
    const client = retryAxios(make(), policy, hurried());
    expect((await client.get(server.url, { validateStatus: () => true })).status).toBe(503);
    expect(server.requests).toHaveLength(4);
  });

  test('streams that are not returned free their connections; the last one can be read', async () => {
    const server = await serve((_request, response, count) => {
      response.writeHead(count < 3 ? 503 : 200).write('x');
      if (count === 3) response.end();
    });
    const closed: number[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const client = retryAxios(
      make(),
      policy,
      hurried({ onRetry: ({ attempt }) => void closed.push(attempt) }),
    );
    const { data } = await client.get<Readable>(server.url, { responseType: 'stream', httpAgent: agent });
    expect(Buffer.concat(await data.toArray()).toString()).toBe('x');
    expect(closed).toEqual([1, 2]);
    agent.destroy();
  });

  test.each([
    ['a stream', () => Readable.from(['abc'])],
    [
      'a form of the package form-data',
      () => Object.assign(Readable.from(['abc']), { [Symbol.toStringTag]: 'FormData' }),
    ],
  ])('%s is sent once', async (_name, body) => {
    const server = await serve(statuses(503, 503));
    const client = retryAxios(make(), policy, hurried());
    await expect(client.put(server.url, body(), { maxRedirects: 0 })).rejects.toMatchObject({ status: 503 });
    expect(server.requests.map((sent) => sent.body)).toEqual(['abc']);
  });

  test('a POST that was answered by 307 has arrived, though the next hop refuses or is busy', async () => {
    const busy = await serve(statuses(429, 429));
    for (const location of [await closedPort(), busy.url]) {
      const server = await serve((_request, response) => response.writeHead(307, { location }).end());
      const client = retryAxios(make(), policy, hurried());
      await expect(client.post(server.url, { a: 1 })).rejects.toThrow();
      expect(server.requests).toHaveLength(1);
    }
    expect(busy.requests).toHaveLength(1);
  });
});

test('the default export can be given, too', async () => {
  const { adapter } = axios.defaults;
  try {
    const server = await serve(statuses(503));
    retryAxios(axios, policy, hurried());
    expect((await axios.get(server.url)).status).toBe(200);
    expect((await axios.create()(server.url)).status).toBe(200);
  } finally {
    axios.defaults.adapter = adapter!;
  }
});

test.each<[string, () => unknown, RegExp]>([
  ['a policy', () => retryAxios(axios.create(), { maxRetries: 1.5 }), /maxRetries/],
  ['a name', () => retryAxios(axios.create(), {}, { retries: 3 } as never), /retries/],
  ['a signal', () => retryAxios(axios.create(), {}, { signal: null } as never), /signal/],
  ['no client', () => retryAxios(undefined as never), /axios/],
  ['a client without an adapter', () => retryAxios({ defaults: {} }), /axios/],
  ['a client that retries', () => retryAxios(retryAxios(axios.create())), /once/],
])('%s is a TypeError at once', (_, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});
