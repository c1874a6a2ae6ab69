import { once } from 'node:events';
import { connect, createServer as createHttp2Server } from 'node:http2';
import https from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { fetch as undiciFetch, ProxyAgent, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { classifyFailure, requestSent, retryFetch } from '../../src/http/index.js';
import { retry, type Verdict } from '../../src/index.js';

type Props = Readonly<Record<string, unknown>>;
type Opinion = readonly [verdict: Verdict | undefined, sent: string | undefined];

const failure = (message: string, props: Props = {}): Error => Object.assign(new Error(message), props);
const withCode = (code: string, message = ''): Error => failure(message, { code });
/** A system error as Node makes it. */
const system = (syscall: string, code: string, rest = 'x'): Error =>
  failure(`${syscall} ${code} ${rest}`, { code, syscall });
const openssl = (reason: string): string =>
  `00D8:error:0A000119:SSL routines:tls_get_more_records:${reason}:../x.c:8:`;
const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
const addresses = (...codes: string[]): Error =>
  Object.assign(new AggregateError(codes.map((code) => system('connect', code))), { code: codes[0] });
const opinion = (error: unknown): Opinion => [classifyFailure(error), requestSent(error)];

const LOST_BEFORE: Opinion = ['retry', 'no'];
const LOST: Opinion = ['retry', 'maybe'];
const STOP: Opinion = ['stop', undefined];
const STOP_BEFORE: Opinion = ['stop', 'no'];
const UNKNOWN: Opinion = [undefined, undefined];

/** A proxy that answers CONNECT like this, or closes the connection. */
async function proxy(answer?: string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer ? `HTTP/1.1 ${answer}\r\ncontent-length: 0\r\n\r\n` : ''));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the addresses of a host', () => {
  test.each(['EACCES', 'EPERM', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT'])(
    'that one is closed to this machine (%s) says nothing about the others',
    (closed) => {
      for (const open of ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ECONNRESET']) {
        expect(opinion(addresses(open, closed))).toEqual(LOST_BEFORE);
        expect(opinion(addresses(closed, closed, open))).toEqual(LOST_BEFORE);
        const cause = addresses(closed, open);
        expect(opinion(new TypeError('fetch failed', { cause }))).toEqual(LOST_BEFORE);
      }
    },
  );

  test('that all are closed to this machine stops', () => {
    expect(opinion(addresses('EACCES'))).toEqual(STOP_BEFORE);
    expect(opinion(addresses('EPERM', 'EAFNOSUPPORT'))).toEqual(STOP_BEFORE);
  });

  test('a part that is no connection attempt still stops all', () => {
    const parts = [
      system('connect', 'ECONNREFUSED'),
      withCode('CERT_HAS_EXPIRED'),
      system('connect', 'EPERM'),
    ];
    expect(opinion(new AggregateError(parts))).toEqual(STOP);
  });
});

describe('a proxy that does not build the tunnel', () => {
  test.each<[string | undefined, Opinion]>([
    ['408 Request Timeout', LOST_BEFORE],
    ['429 Too Many Requests', LOST_BEFORE],
    ['500 Internal Server Error', LOST_BEFORE],
    ['502 Bad Gateway', LOST_BEFORE],
    ['403 Forbidden', STOP_BEFORE],
    ['407 Proxy Authentication Required', STOP_BEFORE],
    ['302 Found', STOP_BEFORE],
    [undefined, LOST_BEFORE],
  ])('answers %s', async (answer, expected) => {
    const url = await proxy(answer);
    const dispatcher = new ProxyAgent(url);
    expect(opinion(await errorOf(undiciFetch('https://svc.test/', { dispatcher })))).toEqual(expected);
    expect(opinion(await errorOf(request('https://svc.test/', { dispatcher })))).toEqual(expected);
    await dispatcher.close();

    const agent = new https.Agent({ proxyEnv: { https_proxy: url } } as https.AgentOptions);
    const ofAgent = await new Promise<Error>((resolve) => {
      https.get('https://svc.test/', { agent }).on('error', resolve);
    });
    expect(opinion(ofAgent)).toEqual(expected);
  });

  test('a POST goes again after 503, and not after 407', async () => {
    for (const [answer, attempts] of [
      ['503 Service Unavailable', 3],
      ['407 Proxy Authentication Required', 1],
    ] as const) {
      const dispatcher = new ProxyAgent(await proxy(answer));
      let calls = 0;
      const fetch: typeof undiciFetch = (input, init) => {
        calls++;
        return undiciFetch(input, init);
      };
      const call = retryFetch({ maxRetries: 2, baseDelayMs: 0 }, { fetch });
      await errorOf(call('https://svc.test/', { method: 'POST', body: 'x', dispatcher }));
      expect(calls).toBe(attempts);
      await dispatcher.close();
    }
  });

  test.each<[string, Props, Opinion]>([
    ['tunneling socket could not be established, statusCode=503', { code: 'ECONNRESET' }, LOST_BEFORE],
    ['tunneling socket could not be established, statusCode=407', { code: 'ECONNRESET' }, STOP_BEFORE],
    ['tunneling socket could not be established, cause=socket hang up', { code: 'ECONNRESET' }, LOST_BEFORE],
    ['client error (Connect): tunnel error: proxy authorization required', {}, STOP_BEFORE],
    ['This operation was aborted', { name: 'AbortError' }, STOP],
    ['Request aborted', { code: 'UND_ERR_ABORTED' }, STOP],
  ])('%s', (message, props, expected) => {
    expect(opinion(failure(message, props))).toEqual(expected);
  });
});

describe('a session of HTTP/2', () => {
  test('one that was destroyed is a lost connection, and nothing was sent', async () => {
    const server = createHttp2Server((_request, response) => response.end('ok'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const open = () =>
      connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).on('error', () => {});
    let session = open();
    await once(session, 'connect');
    session.destroy();
    const errors: unknown[] = [];
    const value = await retry(
      async () => {
        const stream = session.request({ ':path': '/' });
        await once(stream, 'response');
        stream.close();
        return 'ok';
      },
      { maxRetries: 1, baseDelayMs: 0 },
      {
        classify: classifyFailure,
        onRetry: ({ error }) => {
          errors.push(error);
          session = open();
        },
      },
    );
    session.close();
    expect([value, ...errors.map(opinion)]).toEqual(['ok', LOST_BEFORE]);
  });

  test.each<readonly [string, Opinion]>([
    ...['ERR_HTTP2_OUT_OF_STREAMS', 'ERR_HTTP2_INVALID_SESSION', 'HTTP2RefusedStream'].map(
      (code) => [code, LOST_BEFORE] as const,
    ),
    ...[
      'ERR_HTTP2_PING_CANCEL',
      'ERR_HTTP2_SETTINGS_CANCEL',
      'ERR_STREAM_UNABLE_TO_PIPE',
      'HTTP3StreamReset',
    ].map((code) => [code, LOST] as const),
    ['HPE_INVALID_EOF_STATE', LOST] as const,
    ...[
      'ERR_HTTP2_HEADERS_SENT',
      'ERR_HTTP2_INVALID_HEADER_VALUE',
      'ERR_HTTP2_PAYLOAD_FORBIDDEN',
      'ERR_HTTP2_INVALID_PSEUDOHEADER',
      'ERR_STREAM_WRITE_AFTER_END',
      'ERR_MISSING_ARGS',
      'ERR_SOCKET_BAD_PORT',
      'ERR_OUT_OF_RANGE',
      'UND_ERR_NOT_SUPPORTED',
      'UND_ERR_HEADERS_OVERFLOW',
      'HPE_INVALID_VERSION',
    ].map((code) => [code, STOP] as const),
    ...[
      'ERR_SOMETHING_NEW',
      'UND_ERR_SOMETHING_NEW',
      'UND_ERR',
      'ERR_QUIC_STREAM_RESET',
      'ERR_IPC_CHANNEL_CLOSED',
    ].map((code) => [code, UNKNOWN] as const),
  ])('%s', (code, expected) => {
    expect(opinion(withCode(code))).toEqual(expected);
  });
});

describe('before the connection, and around it', () => {
  test.each<[string, string, Opinion]>([
    ['getaddrinfo', 'EBUSY', LOST_BEFORE],
    ['getaddrinfo', 'ENOMEM', LOST_BEFORE],
    ['queryA', 'ESERVFAIL', LOST_BEFORE],
    ['querySrv', 'ENODATA', LOST_BEFORE],
    ['queryTxt', 'EBADRESP', LOST_BEFORE],
    ['queryMx', 'EOF', LOST_BEFORE],
    ['queryAaaa', 'EREFUSED', LOST_BEFORE],
    ['queryAny', 'ECONNREFUSED', LOST_BEFORE],
    ['queryA', 'EBADNAME', UNKNOWN],
    ['unlink', 'EBUSY', UNKNOWN],
    ['connect', 'EADDRINUSE', LOST_BEFORE],
    ['connect', 'ENOBUFS', LOST_BEFORE],
    ['connect', 'EAGAIN', LOST_BEFORE],
    ['connect', 'ECANCELED', LOST_BEFORE],
    ['connect', 'EMFILE', STOP_BEFORE],
    ['read', 'ECANCELED', LOST],
    ['write', 'ECANCELED', LOST],
    ['write', 'ENOBUFS', LOST],
    ['listen', 'EADDRINUSE', STOP],
    ['bind', 'EADDRINUSE', STOP],
    ['open', 'ENOENT', STOP],
    ['open', 'EPERM', STOP],
    ['scandir', 'ECANCELED', UNKNOWN],
  ])('%s %s', (syscall, code, expected) => {
    expect(opinion(system(syscall, code))).toEqual(expected);
    // Some clients keep the code and the text, and nothing else.
    expect(opinion(failure(`${syscall} ${code} x`, { code, name: 'RequestError' }))).toEqual(expected);
  });
});

describe('TLS', () => {
  test.each([
    ['decryption failed or bad record mac', 'retry'],
    ['ssl/tls alert bad record mac', 'retry'],
    ['sslv3 alert bad record mac', 'retry'],
    ['tlsv1 alert internal error', 'retry'],
    ['tlsv1 alert record overflow', 'retry'],
    ['unexpected eof while reading', 'retry'],
    ['wrong version number', 'stop'],
    ['tlsv1 alert unknown ca', 'stop'],
    ['sslv3 alert handshake failure', 'stop'],
    ['tlsv1 alert protocol version', 'stop'],
    ['sslv3 alert certificate expired', 'stop'],
    ['unsupported protocol', 'stop'],
  ])('%s: %s', (reason, verdict) => {
    const code = `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
    for (const error of [
      failure(`write EPROTO ${openssl(reason)}`, { code: 'EPROTO', syscall: 'write' }),
      withCode(code, openssl(reason)),
      withCode(code),
      failure(`request to https://x/ failed, reason: ${openssl(reason)}`),
    ]) {
      expect(opinion(error)).toEqual([verdict, verdict === 'retry' ? 'maybe' : undefined]);
      expect(classifyFailure(new TypeError('fetch failed', { cause: error }))).toBe(verdict);
    }
  });
});

describe('other runtimes', () => {
  test.each<[string, Opinion]>([
    ...[
      'NAME_NOT_RESOLVED',
      'CONNECTION_REFUSED',
      'PROXY_CONNECTION_FAILED',
      'TUNNEL_CONNECTION_FAILED',
      'DNS_TIMED_OUT',
    ].map((name): [string, Opinion] => [name, LOST_BEFORE]),
    ...[
      'NETWORK_CHANGED',
      'NETWORK_IO_SUSPENDED',
      'TIMED_OUT',
      'EMPTY_RESPONSE',
      'CONNECTION_ABORTED',
      'QUIC_PROTOCOL_ERROR',
    ].map((name): [string, Opinion] => [name, LOST]),
    ...[
      'CERT_DATE_INVALID',
      'CERT_COMMON_NAME_INVALID',
      'SSL_VERSION_OR_CIPHER_MISMATCH',
      'BLOCKED_BY_CLIENT',
      'ABORTED',
    ].map((name): [string, Opinion] => [name, STOP]),
    ['INVALID_URL', STOP],
    ['TOO_MANY_REDIRECTS', STOP],
    ['CACHE_MISS', UNKNOWN],
  ])('net::ERR_%s', (name, expected) => {
    expect(opinion(new Error(`net::ERR_${name}`))).toEqual(expected);
    expect(opinion(new Error(`net::ERR_${name} at https://x.test/`))).toEqual(expected);
  });

  test('workerd marks its plain errors', () => {
    const reset = failure('Durable Object reset because its code was updated.', {
      retryable: true,
      durableObjectReset: true,
    });
    expect(opinion(reset)).toEqual(LOST);
    const overloaded = failure('Durable Object is overloaded. Requests queued for too long.', {
      overloaded: true,
      retryable: true,
    });
    expect(opinion(overloaded)).toEqual(STOP);
    expect(opinion(failure('overloaded', { overloaded: true }))).toEqual(STOP);
    expect(opinion(failure('internal error', { retryable: false }))).toEqual(STOP);
    for (const props of [{ remote: true }, { retryable: 'true' }, { overloaded: 1 }]) {
      expect(opinion(failure('internal error', props))).toEqual(UNKNOWN);
    }
  });
});
