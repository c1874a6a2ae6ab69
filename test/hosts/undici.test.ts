import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  Agent,
  buildConnector,
  Client,
  type Dispatcher,
  fetch,
  interceptors,
  request,
  upgrade,
} from 'undici';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RetryInterceptorOptions, retryInterceptor } from '../../src/integrations/undici/index.js';
import { type PolicySpec, presets } from '../../src/index.js';
import { hurriedClock } from '../http/clock.js';
import { closedPort, serve } from '../http/server.js';
import { acceptance, policy, statuses } from './acceptance.js';

function agent(more: PolicySpec = {}, options: RetryInterceptorOptions = {}) {
  const plain = new Agent();
  onTestFinished(() => plain.destroy());
  return plain.compose(retryInterceptor({ ...policy, ...more }, { clock: hurriedClock(), ...options }));
}

describe('request of undici', () => {
  acceptance((spec, options) => async (url, { method = 'GET', ...sent } = {}) => {
    const { statusCode, body } = await request(url, {
      method: method as 'GET',
      ...sent,
      dispatcher: agent(spec, options),
    });
    expect(await body.text()).toBe('body');
    return statusCode;
  });
});

describe('fetch of undici', () => {
  acceptance(
    (spec, options) => async (url, sent) => {
      const response = await fetch(url, { ...sent, dispatcher: agent(spec, options) }).catch(
        (error: Error) => {
          throw error.cause ?? error;
        },
      );
      expect(await response.text()).toBe('body');
      return response.status;
    },
    { hasOneShotBodies: true },
  );
});

const get = async (url: string, dispatcher: Dispatcher, more: object = {}) => {
  const { statusCode, body } = await request(url, { dispatcher, ...more });
  return [statusCode, await body.text()];
};

describe('bodies of requests', () => {
  test.each([
    ['a string', () => 'abc'],
    ['bytes', () => Buffer.from('abc')],
    ['a view', () => new Uint8Array([97, 98, 99])],
  ])('%s is sent again', async (_, body) => {
    const server = await serve(statuses(503, 503));
    await get(server.url, agent(), { method: 'PUT', body: body() });
    expect(server.requests.map((sent) => sent.body)).toEqual(['abc', 'abc', 'abc']);
  });

  const streams = [
    ['a stream', () => Readable.from(['a', 'bc'])],
    [
      'an iterable',
      () =>
        (async function* () {
          yield 'a';
          yield 'bc';
        })(),
    ],
  ] as const;

  test.each(streams)('%s that was read is not sent again', async (_, body) => {
    const server = await serve(statuses(503, 503));
    expect(await get(server.url, agent(), { method: 'PUT', body: body() })).toEqual([503, 'body']);
    expect(server.requests.map((sent) => sent.body)).toEqual(['abc']);
  });

  test.each(streams)('%s that was not read is sent again', async (_, body) => {
    const server = await serve(statuses());
    const port = new URL(server.url).port;
    let calls = 0;
    // Refuses the first connection.
    const connect = vi.fn((options: object, callback: (...args: any[]) => void) => {
      if (++calls === 1)
        callback(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), null);
      else buildConnector({})({ ...options, hostname: '127.0.0.1', port } as never, callback as never);
    });
    const plain = new Agent({ connect: connect as never });
    onTestFinished(() => plain.destroy());
    const dispatcher = plain.compose(retryInterceptor(policy, { clock: hurriedClock() }));
    expect(await get(server.url, dispatcher, { method: 'POST', body: body() })).toEqual([200, 'body']);
    expect(server.requests.map((sent) => sent.body)).toEqual(['abc']);
    expect(connect).toHaveBeenCalledTimes(2);
  });
});

describe('headers of requests', () => {
  test.each([
    ['a flat list', ['x', 'y', 'Idempotency-Key', 'k']],
    ['an object', { x: ['y', 'z'], 'idempotency-key': 'k', none: undefined }],
    ['a Map', new Map([['IDEMPOTENCY-KEY', 'k']])],
    ['Headers', new Headers({ 'idempotency-key': 'k' })],
  ])('an Idempotency-Key in %s counts', async (_, headers) => {
    const server = await serve(statuses(503, 503));
    await get(server.url, agent(), { method: 'POST', headers });
    expect(server.requests.map((sent) => sent.headers['idempotency-key'])).toEqual(['k', 'k', 'k']);
  });
});

describe('responses', () => {
  test('the body of a failed response is read, so that its connection is used again', async () => {
    const server = await serve(statuses(503, 503));
    const client = new Client(new URL(server.url).origin);
    onTestFinished(() => client.destroy());
    expect(await get(server.url, client.compose(retryInterceptor(policy)))).toEqual([200, 'body']);
    expect(server.connections).toBe(1);
  });

  test.each([
    ['never ends', (response: ServerResponse) => response.write('x')],
    ['is huge', (response: ServerResponse) => response.end(Buffer.alloc(50_000_000))],
  ])('a failed response that %s does not hold up the next attempt', async (_, fail) => {
    const server = await serve((received, response, count) => {
      if (count === 1) fail(response.writeHead(503));
      else statuses()(received, response, count);
    });
    const client = new Client(new URL(server.url).origin);
    onTestFinished(() => client.destroy());
    expect(await get(server.url, client.compose(retryInterceptor(policy)))).toEqual([200, 'body']);
    expect(server.connections).toBe(2);
  });

  test.each([200, 503])(
    'a large body of status %d arrives whole, though the reader is slow',
    async (status) => {
      const size = 3_000_000;
      const server = await serve((_request, response) =>
        response.writeHead(status).end(Buffer.alloc(size, 'x')),
      );
      const { body } = await request(server.url, { dispatcher: agent({ maxRetries: 1 }) });
      let length = 0;
      for await (const chunk of body) {
        length += (chunk as Buffer).length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(length).toBe(size);
    },
  );

  test('a body that is cut off is the error of the reader, and nothing is sent again', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('abc', () => response.destroy());
    });
    const { body } = await request(server.url, { dispatcher: agent() });
    await expect(body.text()).rejects.toThrow(/other side closed|terminated/);
    expect(server.requests).toHaveLength(1);
  });

  test('an abort after the head of the response ends its body', async () => {
    const server = await serve((_request, response) => response.writeHead(200).write('abc'));
    const controller = new AbortController();
    const { body } = await request(server.url, { dispatcher: agent(), signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(body.text()).rejects.toThrow('enough');
  });

  test('an upgrade goes through', async () => {
    const server = createServer().on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { socket } = await upgrade(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      dispatcher: agent(),
      protocol: 'echo',
    });
    const chunks = await socket.toArray();
    expect(Buffer.concat(chunks).toString()).toBe('hello');
  });
});

const made = async () => {
  const plain = new Agent();
  onTestFinished(() => plain.destroy());
  return { plain, retries: retryInterceptor(policy, { clock: hurriedClock() }) };
};

describe('beside the interceptors of undici', () => {
  test.each(['inside', 'outside'])('responseError %s: errors with a status', async (place) => {
    const { plain, retries } = await made();
    const errors = interceptors.responseError();
    const dispatcher = place === 'inside' ? plain.compose(errors, retries) : plain.compose(retries, errors);
    const server = await serve(statuses(503, 429));
    expect(await get(server.url, dispatcher)).toEqual([200, 'body']);
    const busy = await serve(statuses(429, 503));
    await expect(get(busy.url, dispatcher, { method: 'POST', body: 'x' })).rejects.toMatchObject({
      statusCode: 503,
    });
    expect(busy.requests).toHaveLength(2);
  });

  test.each([[307], [308]])(
    'a POST that was answered by %d has arrived, though the next hop refuses',
    async (status) => {
      const { plain, retries } = await made();
      const dispatcher = plain.compose(interceptors.redirect({ maxRedirections: 3 }), retries);
      const location = await closedPort();
      const server = await serve((_request, response) => response.writeHead(status, { location }).end());
      await expect(get(server.url, dispatcher, { method: 'POST', body: 'x' })).rejects.toThrow(
        /ECONNREFUSED/,
      );
      expect(server.requests).toHaveLength(1);
      await expect(get(server.url, dispatcher, { method: 'PUT', body: 'x' })).rejects.toThrow(/ECONNREFUSED/);
      expect(server.requests).toHaveLength(5);
    },
  );
});

describe('wrong input', () => {
  test.each([
    [() => retryInterceptor({ maxRetries: -1 }), /maxRetries/],
    [() => retryInterceptor({}, { retries: 3 } as never), /retries/],
    [() => retryInterceptor({}, new AbortController().signal as never), /plain object/],
    [() => retryInterceptor({}, { signal: new AbortController().signal } as never), /signal/],
    [() => retryInterceptor({}, { idempotent: 'yes' } as never), /idempotent/],
  ])('%s is a TypeError at once', (make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  test('null options are the same as none', () => {
    expect(retryInterceptor(presets.default, null)).toBeTypeOf('function');
  });

  test('a request that undici refuses is not sent, and the error arrives', async () => {
    await expect(
      agent().request({ origin: 'http://localhost', path: 'no slash', method: 'GET' }),
    ).rejects.toThrow(/path must be/);
    expect(() => agent().dispatch(undefined as never, undefined as never)).toThrow(/handler must be/);
  });
});
