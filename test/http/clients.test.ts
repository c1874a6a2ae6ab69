import got from 'got';
import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';
import { type PolicySpec, retry } from '../../src/index.js';
import { type Client, clients } from './clients.js';
import { hurriedClock } from './clock.js';
import { type Answer, certificateFile, closedPort, serve, serveTls } from './server.js';

interface Outcome {
  readonly value?: unknown;
  readonly error?: unknown;
  readonly attempts: number;
  readonly delaysMs: readonly number[];
}

/** One retry at most, as the recipes of the documentation have it. */
async function call(client: Client, url: string, policy: PolicySpec = {}): Promise<Outcome> {
  let attempts = 0;
  const delaysMs: number[] = [];
  const operation = ({ attempt, signal }: { attempt: number; signal: AbortSignal }): Promise<unknown> => {
    attempts = attempt;
    return client.get(url, signal);
  };
  const settled = await retry(
    operation,
    { maxRetries: 1, baseDelayMs: 0, jitter: 'none', ...policy },
    {
      classify: classifyFailure,
      onRetry: ({ delayMs }) => void delaysMs.push(delayMs),
      clock: hurriedClock(),
    },
  ).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { ...settled, attempts, delaysMs };
}

const fine: Answer = (_request, response) => response.end('{"id":"fine"}');

const failFirst =
  (status: number, headers: Record<string, string>): Answer =>
  (request, response, count) => {
    if (count === 1) response.writeHead(status, headers).end('{}');
    else fine(request, response, count);
  };

describe.each(clients)('$name', (client) => {
  test('a refused connection is tried again, and nothing was sent', async () => {
    const { error, attempts } = await call(client, await closedPort());
    expect(attempts).toBe(2);
    expect(requestSent(error)).toBe('no');
  });

  test('an unknown host is tried again, and nothing was sent', async () => {
    const { error, attempts } = await call(client, 'http://nowhere.invalid/');
    expect(attempts).toBe(2);
    expect(requestSent(error)).toBe('no');
  });

  test('a reset before the headers is tried again', async () => {
    const server = await serve((request) => request.socket.resetAndDestroy());
    const { error } = await call(client, server.url);
    expect(server.requests).toHaveLength(2);
    expect(requestSent(error)).toBe('maybe');
  });

  test('a reset after the headers is tried again', async () => {
    const server = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"id":', () => {
        setImmediate(() => request.socket.resetAndDestroy());
      });
    });
    const { error } = await call(client, server.url);
    expect(server.requests).toHaveLength(2);
    expect(requestSent(error)).toBe('maybe');
  });

  test('a body that is cut off is tried again', async () => {
    const server = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"id":', () => {
        setImmediate(() => request.socket.end());
      });
    });
    const { error } = await call(client, server.url);
    expect(server.requests).toHaveLength(2);
    expect(requestSent(error)).toBe('maybe');
  });

  test('a server that never answers costs one attempt after the other', async () => {
    const server = await serve(() => {});
    await call(client, server.url, { attemptTimeoutMs: 300 });
    expect(server.requests).toHaveLength(2);
  });

  test.each(['self-signed', 'expired'] as const)('a certificate that is %s stops', async (certificate) => {
    const server = await serveTls(certificate, fine);
    const { error, attempts } = await call(client, server.url);
    expect(error).toBeDefined();
    expect(attempts).toBe(1);
    expect(server.connections).toBe(1);
    expect(server.requests).toHaveLength(0);
  });

  test('a redirect loop is walked once', async () => {
    const server = await serve((request, response) =>
      response.writeHead(302, { location: request.url }).end(),
    );
    await client.get(server.url, new AbortController().signal).catch(() => {});
    const once = server.requests.length;
    const { error } = await call(client, server.url);
    expect(error).toBeDefined();
    expect(server.requests).toHaveLength(2 * once);
  });

  test('503, then 200, gives the value', async () => {
    const server = await serve(failFirst(503, {}));
    const { value } = await call(client, server.url);
    expect(JSON.stringify(value)).toContain('fine');
    expect(server.requests).toHaveLength(2);
  });

  test('404 stops', async () => {
    const server = await serve((_request, response) =>
      response.writeHead(404, { 'retry-after': '1' }).end('{}'),
    );
    await call(client, server.url);
    expect(server.requests).toHaveLength(1);
  });

  // The server's clock is two hours ahead of ours, which changes nothing.
  const date = new Date(Math.floor(Date.now() / 1000 + 7200) * 1000);
  const inSeconds = (seconds: number): Date => new Date(date.getTime() + seconds * 1000);
  const epoch = String(inSeconds(30).getTime() / 1000);
  test.each<[string, Record<string, string>]>([
    ['seconds', { 'retry-after': '30' }],
    ['an HTTP-date', { 'retry-after': inSeconds(30).toUTCString() }],
    ['an instant of RFC 3339', { 'retry-after': inSeconds(30).toISOString() }],
    ['epoch seconds', { 'retry-after': epoch }],
    ['milliseconds', { 'retry-after-ms': '30000' }],
    ['milliseconds of Azure', { 'x-ms-retry-after-ms': '30000' }],
    ['milliseconds of AWS', { 'x-amz-retry-after': '30000' }],
    ['RateLimit', { ratelimit: '"default";r=0;t=30' }],
    ['RateLimit-Reset', { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }],
    ['X-RateLimit-Reset-After', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '30' }],
    ['X-RateLimit-Reset', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch }],
    ['X-Rate-Limit-Reset', { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': epoch }],
    ['a Go duration', { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '30s' }],
  ])('429 with a hint in %s waits as long as it says', async (_form, headers) => {
    const server = await serve(failFirst(429, { ...headers, date: date.toUTCString() }));
    const { value, delaysMs } = await call(client, server.url);
    expect(JSON.stringify(value)).toContain('fine');
    expect(delaysMs).toEqual([30_000]);
    expect(server.requests).toHaveLength(2);
  });
});

test('an expired certificate of a trusted authority stops', async () => {
  const server = await serveTls('expired', fine);
  const certificateAuthority = certificateFile('expired');
  const trusting: Client = {
    name: 'got',
    get: (url, signal) => got(url, { https: { certificateAuthority }, retry: { limit: 0 }, signal }).text(),
  };
  const { error, attempts } = await call(trusting, server.url);
  expect(error).toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  expect(attempts).toBe(1);
});
