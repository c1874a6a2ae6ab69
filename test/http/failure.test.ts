import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';
import { permanent, retry, retryAfter, type Verdict } from '../../src/index.js';
import { failureCases } from '../vectors/load.js';
import { revive } from './revive.js';
import { inEveryTimeZone } from './time-zones.js';

/** What cannot be known from the error alone is no part of the promise. */
const cases = failureCases.filter(
  ({ id, recognisable }) =>
    /^(?:structural|message)$/.test(recognisable) || id === 'discord/429' || id === 'azure/half',
);

const policy = { maxRetries: 1, baseDelayMs: 0, maxRetryAfterMs: Infinity };

/** How often an operation that always fails so is called. Timers fire at once, and the clock says they took their time. */
async function callsOf(error: unknown): Promise<number> {
  let calls = 0;
  let nowMs = 0;
  const setTimer = (ms: number, fire: () => void): (() => void) => {
    nowMs += ms;
    queueMicrotask(fire);
    return () => {};
  };
  const operation = (): never => {
    calls++;
    throw error;
  };
  const clock = { now: () => nowMs, wallNow: () => nowMs, setTimer };
  await expect(retry(operation, policy, { classify: classifyFailure, clock })).rejects.toBe(error);
  return calls;
}

inEveryTimeZone(() => {
  test.each(cases)('$id ($situation): $verdict, because $why', async (recorded) => {
    const error = revive(recorded.shape);
    // To have no opinion on what nobody can know is right.
    const isUnknown = recorded.class === 'unknown' && classifyFailure(error) === undefined;
    if (!isUnknown) expect(await callsOf(error)).toBe(recorded.verdict === 'retry' ? 2 : 1);
    expect(requestSent(error) ?? null).toBe(recorded.requestSent);
  });
});

type Props = Readonly<Record<string, unknown>>;

const failure = (message: string, props: Props = {}): Error => Object.assign(new Error(message), props);
/** Several addresses that were tried, as Node tells it: the code of the first, and no text. */
const eyeballs = (...codes: string[]): Error =>
  Object.assign(
    new AggregateError(codes.map((code) => failure(`connect ${code} ::1:1`, { code, syscall: 'connect' }))),
    { code: codes[0] },
  );
const withCode = (code: string, props: Props = {}): Error => failure('', { code, ...props });
/** An error that only its class tells, as some clients have them. */
const ofClass = (className: string, message = ''): Error =>
  Object.defineProperty(new Error(message), 'constructor', { value: { name: className } });
const fetchFailed = (cause: unknown): Error => new TypeError('fetch failed', { cause });
/** Deno has the words of hyper, its HTTP client, or those of the system alone. */
const deno = (words: string): Error => fetchFailed(failure(words));
const sql = (code: string): Error => withCode(code, { severity: 'ERROR' });
const grpc = (code: number, details = '', metadata: unknown = {}): Error =>
  failure('', { code, details, metadata });
const answered = (status: number, headers: Props, props: Props = {}): Error =>
  failure('', { response: { status, headers }, ...props });

/** Beside the recorded ones: codes and clients that share their situations. */
describe.each<[string, Verdict | undefined, string | undefined, readonly unknown[]]>([
  [
    'lost before anything was sent',
    'retry',
    'no',
    [
      ...['ENOTFOUND', 'EAI_FAIL', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'ConnectionRefused'].map(
        (code) => withCode(code),
      ),
      withCode('ECONNRESET', { syscall: 'connect' }),
      withCode('UND_ERR_SOCKET', { socket: { bytesWritten: 0 } }),
      failure('Stream closed with error code NGHTTP2_REFUSED_STREAM', { code: 'ERR_HTTP2_STREAM_ERROR' }),
      withCode('ERR_HTTP2_GOAWAY_SESSION'),
      ...['lookup', 'connect', 'secureConnect'].map((event) => withCode('ETIMEDOUT', { event })),
      withCode('ERR_TLS_HANDSHAKE_TIMEOUT'),
      withCode('UND_ERR_CONNECT_TIMEOUT'),
      grpc(14, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1'),
      grpc(14, 'Name resolution failed for target dns:nowhere'),
      ...['53300', '57P03', '08001', '08004'].map(sql),
      failure('Connection terminated due to connection timeout'),
      ofClass('ClientOfflineError'),
      failure("Stream isn't writeable and enableOfflineQueue options is false"),
      deno('error sending request for url (x): client error (Connect): tls handshake eof'),
      ...['parse', 'certificates/7', 'a%20fatal%20alert)'].map((path) =>
        deno(
          `error sending request for url (http://h:1/${path}): client error (Connect): tcp connect error: Connection refused (os error 111)`,
        ),
      ),
      deno(
        'error sending request for url (http://h/): client error (Connect): tcp connect error: Connection timed out (os error 110)',
      ),
      deno(
        'error sending request for url (http://h/): client error (Connect): tcp connect error: Network is unreachable (os error 101)',
      ),
      new TypeError(
        'error sending request for url (http://h/): error trying to connect: tcp connect error: Connection refused (os error 61)',
      ),
      ...[
        'Connection refused (os error 111)',
        'Connection refused (os error 61)',
        'Es konnte keine Verbindung hergestellt werden. (os error 10061)',
      ].map(deno),
      new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]),
      withCode('ETIMEDOUT', { name: 'RequestError', cause: eyeballs('ETIMEDOUT', 'ENETUNREACH') }),
      withCode('ETIMEDOUT', { name: 'AggregateError', cause: eyeballs('ETIMEDOUT') }),
      ...[withCode('ETIMEDOUT', { syscall: 'connect' }), withCode('UND_ERR_CONNECT_TIMEOUT')].map((cause) =>
        Object.assign(ofClass('APIConnectionTimeoutError', 'Request timed out.'), {
          cause: fetchFailed(cause),
        }),
      ),
    ],
  ],
  [
    'lost on the way',
    'retry',
    'maybe',
    [
      ...['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_NETWORK'].map((code) =>
        withCode(code),
      ),
      withCode('UND_ERR_SOCKET', { socket: { bytesWritten: 9 } }),
      withCode('slack_webapi_request_error', { original: withCode('ECONNRESET') }),
      failure('', { reason: withCode('ECONNRESET'), cause: undefined }),
      withCode('ERR_NETWORK', { cause: new TypeError('Failed to fetch') }),
      withCode('ERR_NETWORK', { cause: withCode('ECONNRESET') }),
      withCode('ERR_READING_RESPONSE_STREAM', { cause: withCode('Z_BUF_ERROR') }),
      withCode('ERR_READING_RESPONSE_STREAM'),
      failure('Stream closed with error code NGHTTP2_INTERNAL_ERROR', { code: 'ERR_HTTP2_STREAM_ERROR' }),
      failure('aborted', { name: 'ReadError', code: 'ECONNRESET', response: { statusCode: 200 } }),
      ...['57P01', '57P02', '57P05', '08000', '08003', '08006'].map(sql),
      withCode('CONNECTION_DESTROYED'),
      ofClass('SocketClosedUnexpectedlyError'),
      fetchFailed(undefined),
      deno('error sending request for url (x): client error (SendRequest): connection error: reset'),
      deno(
        'error sending request from h:1 for http://h/certificate (h:2): client error (SendRequest): connection error: Connection reset by peer (os error 104)',
      ),
      // Without a word on what was going on, also these may be of a connection that had been made.
      ...[
        'Connection reset by peer (os error 104)',
        'Connection reset by peer (os error 54)',
        'Broken pipe (os error 32)',
        'Connection timed out (os error 110)',
        'Operation timed out (os error 60)',
        'No route to host (os error 113)',
        'Network is unreachable (os error 51)',
        'error writing a body to connection: Broken pipe (os error 32)',
        'Software caused connection abort (os error 103)',
        'Eine vorhandene Verbindung wurde vom Remotehost geschlossen. (os error 10054)',
      ].map(deno),
      new TypeError('NetworkError when attempting to fetch resource.'),
      new TypeError('Network request failed'),
      new TypeError('The network connection was lost.'),
      ofClass('APIConnectionError', 'Connection error.'),
      failure('', { name: 'HttpError', status: 500, cause: withCode('ECONNRESET') }),
      new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNRESET')]),
      failure('read EHOSTUNREACH', { code: 'EHOSTUNREACH', syscall: 'read' }),
      failure('write ENETUNREACH', { code: 'ENETUNREACH', name: 'RequestError' }),
    ],
  ],
  [
    'out of time',
    'retry',
    'maybe',
    [
      ...['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ECONNABORTED', 'UND_ERR_HEADERS_TIMEOUT', 'TimeoutError'].map(
        (code) => withCode(code),
      ),
      ...['socket', 'send', 'response', 'request'].map((event) =>
        withCode('ETIMEDOUT', { name: 'TimeoutError', event }),
      ),
      new DOMException('', 'TimeoutError'),
      failure('', { name: 'AbortError', cause: new DOMException('', 'TimeoutError') }),
      failure('', { name: 'TimeoutError', cause: new DOMException('', 'AbortError') }),
      ofClass('APIConnectionTimeoutError'),
      Object.assign(ofClass('APIConnectionTimeoutError', 'Request timed out.'), {
        cause: new DOMException('', 'AbortError'),
      }),
      withCode('ETIMEDOUT', { cause: withCode('ETIMEDOUT', { syscall: 'read' }) }),
      withCode('ETIMEDOUT', {
        cause: Object.assign(new AggregateError([withCode('ETIMEDOUT'), withCode('ECONNREFUSED')]), {
          code: 'ETIMEDOUT',
        }),
      }),
      // What another attempt met with says nothing about this one.
      failure('', { name: 'TimeoutError', cause: withCode('ECONNREFUSED') }),
      failure('Query read timeout'),
      failure('Request timed out.', { cause: new DOMException('', 'AbortError') }),
      failure('Command timed out'),
    ],
  ],
  [
    'given up by the caller',
    'stop',
    undefined,
    [
      new DOMException('', 'AbortError'),
      ...['ABORT_ERR', 'ERR_ABORTED', 'ERR_CANCELED', 'ABORTED', 'UND_ERR_ABORTED', 'AbortError'].map(
        (code) => withCode(code),
      ),
      failure('Request aborted', { code: 'ECONNABORTED' }),
      ofClass('APIUserAbortError'),
      failure('Request was aborted.'),
      failure('', { name: 'AbortError', status: 500 }),
      grpc(1),
      failure('', { name: 'HttpError', status: 500, cause: new DOMException('', 'AbortError') }),
    ],
  ],
  [
    'not to be trusted',
    'stop',
    undefined,
    [
      ...[
        'CERT_HAS_EXPIRED',
        'CERT_REVOKED',
        'SELF_SIGNED_CERT_IN_CHAIN',
        'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
        'EPROTO',
      ].map((code) => fetchFailed(withCode(code))),
      ...[
        'ERR_TLS_CERT_ALTNAME_INVALID',
        'ERR_SSL_WRONG_VERSION_NUMBER',
        'HOSTNAME_MISMATCH',
        'INVALID_CA',
      ].map((code) => withCode(code)),
      fetchFailed(
        failure(
          'error sending request for url (x): client error (Connect): invalid peer certificate: Expired',
        ),
      ),
      fetchFailed(
        failure(
          'error sending request for url (x): client error (Connect): received fatal alert: ProtocolVersion',
        ),
      ),
      new AggregateError([withCode('ECONNREFUSED'), withCode('CERT_HAS_EXPIRED')]),
      new (class AllFailedError extends AggregateError {
        override name = 'AllFailedError';
      })([withCode('ECONNREFUSED'), withCode('CERT_HAS_EXPIRED')]),
      failure('request to https://x/ failed, reason: certificate has expired'),
      { reason: withCode('CERT_HAS_EXPIRED') },
      failure('', { name: 'HttpError', status: 500, cause: fetchFailed(withCode('CERT_HAS_EXPIRED')) }),
      failure('', { code: 'ERR_NETWORK', cause: fetchFailed(withCode('DEPTH_ZERO_SELF_SIGNED_CERT')) }),
    ],
  ],
  [
    'wrong usage, or no HTTP',
    'stop',
    undefined,
    [
      ...[
        'ERR_INVALID_URL',
        'ERR_INVALID_CHAR',
        'ERR_UNESCAPED_CHARACTERS',
        'UND_ERR_INVALID_ARG',
        'UND_ERR_CLOSED',
      ].map((code) => withCode(code)),
      ...[
        'ERR_TOO_MANY_REDIRECTS',
        'ERR_FR_TOO_MANY_REDIRECTS',
        'TooManyRedirects',
        'HPE_HEADER_OVERFLOW',
        'EMFILE',
      ].map((code) => withCode(code)),
      ...['bad port', 'unknown scheme', 'redirect count exceeded'].map((text) => fetchFailed(failure(text))),
      deno('No such file or directory (os error 2)'),
      // axios passes on the cause of "fetch failed", not itself.
      ...['bad port', 'unknown scheme', 'redirect count exceeded', 'unexpected redirect'].map((text) =>
        withCode('ERR_NETWORK', { name: 'AxiosError', cause: failure(text) }),
      ),
      ...['Z_DATA_ERROR', 'ERR__ERROR_FORMAT_PADDING_2'].map((code) =>
        withCode('ERR_READING_RESPONSE_STREAM', { name: 'ReadError', cause: withCode(code) }),
      ),
      ...['ZlibError', 'BrotliDecompressionError'].map((code) =>
        Object.assign(new TypeError(`${code} fetching "http://h/"`), { code }),
      ),
      withCode('ENOENT', { syscall: 'open' }),
      failure('', { type: 'max-redirect' }),
      fetchFailed(
        failure('error sending request for url (x): client error (SendRequest): invalid HTTP version parsed'),
      ),
      failure('Stream closed with error code NGHTTP2_PROTOCOL_ERROR', { code: 'ERR_HTTP2_STREAM_ERROR' }),
      withCode('CONNECTION_ENDED'),
      failure('Cannot use a pool after calling end on the pool'),
      failure('Client was closed and is not queryable'),
      ofClass('ClientClosedError'),
      failure('', { name: 'MaxRetriesPerRequestError' }),
      new SyntaxError('Unexpected end of JSON input'),
      answered(302, {}),
    ],
  ],
  [
    'of this machine',
    'stop',
    'no',
    ['ENOENT', 'EACCES', 'EMFILE'].flatMap((code) => [
      failure(`connect ${code} /x.sock`, { code, syscall: 'connect' }),
      failure(`connect ${code} /x.sock`, { code, name: 'RequestError' }),
    ]),
  ],
  [
    'refused for the moment',
    'retry',
    'yes',
    [
      ...['40001', '40P01', '55P03'].map(sql),
      ...['READONLY x', 'MASTERDOWN x', 'LOADING x'].map((text) => failure(text, { name: 'ReplyError' })),
      grpc(8),
      failure('', { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }),
      failure('', { name: 'Any', $retryable: {}, $metadata: { httpStatusCode: 400 } }),
      answered(409, { 'x-should-retry': 'true' }),
    ],
  ],
  [
    'refused for good',
    'stop',
    'yes',
    [
      ...['23503', '25P02', '42601', '53100', '58030', 'P0001', 'XX000'].map(sql),
      ...['NOAUTH x', 'NOSCRIPT x', 'EXECABORT x', 'SOMENEWCODE x', 'SYNTAX', 'no word in capitals'].map(
        (text) => failure(text, { name: 'ReplyError' }),
      ),
      ...[2, 3, 5, 7, 9, 13, 15].map((code) => grpc(code)),
      ...['never', '-1', '2147483648'].map((ms) => grpc(14, '', { 'grpc-retry-pushback-ms': ms })),
      answered(503, { 'x-should-retry': 'false' }),
      answered(429, {}, { code: 'insufficient_quota' }),
    ],
  ],
  [
    'told when to come back',
    { retryAfterMs: 250 },
    'yes',
    [
      grpc(14, '', { get: (name: string) => (name === 'grpc-retry-pushback-ms' ? ['250'] : []) }),
      answered(429, { 'retry-after-ms': '250' }),
      answered(429, { 'retry-after-ms': '250', 'retry-after': '1' }),
      answered(429, { 'retry-after-ms': 'soon', 'x-amz-retry-after': '250', 'retry-after': '1' }),
      answered(500, { 'retry-after-ms': '250', 'retry-after': '1' }),
      ...['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after'].flatMap((name) =>
        [403, 408, 413, 429, 500, 502, 503, 504, 529].map((status) => answered(status, { [name]: '250' })),
      ),
      withCode('slack_webapi_rate_limited_error', { retryAfter: 0.25 }),
      failure('', { name: 'RateLimitError[/route]', retryAfter: 249.5 }),
      answered(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0.25' }),
      answered(500, { 'x-should-retry': 'true', 'retry-after': '0.25' }),
      failure('', {
        name: 'SlowDown',
        $metadata: {},
        $response: { headers: { 'x-amz-retry-after': '250' } },
      }),
    ],
  ],
  [
    'a response the policy judges',
    undefined,
    'yes',
    [
      answered(503, {}),
      answered(404, { 'retry-after-ms': '250' }),
      answered(401, { 'retry-after-ms': '250' }),
      answered(429, { 'retry-after': '1', 'retry-after-ms': '-5' }),
      answered(429, { 'retry-after': '1', 'x-ratelimit-reset': '9' }),
      answered(503, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }),
      answered(500, { 'retry-after': '1' }),
      answered(500, { 'x-ratelimit-reset': '9' }),
      failure('', { statusCode: 500, headers: {} }),
      failure('', { status: 503 }),
      new Response('', { status: 503 }),
      new AggregateError([withCode('ECONNREFUSED'), answered(404, {})]),
      failure('', { name: 'GatewayTimeoutException', status: 504 }),
    ],
  ],
  [
    'a failure nobody knows',
    undefined,
    undefined,
    [
      new Error('what?'),
      'bye',
      5,
      null,
      undefined,
      {},
      Symbol('x'),
      withCode('E_MINE'),
      new Error('Connection is closed.'),
      failure('', { code: 23 }),
      withCode('ENEW'),
      failure('', { retryAfter: 5 }),
      failure('mine', { name: 'SimpleError' }),
      answered(200, {}),
    ],
  ],
])('a failure that is %s', (_name, verdict, sent, errors) => {
  test.each(errors.map((error, i) => [i, error]))('%i: %o', (_i, error) => {
    expect(classifyFailure(error)).toEqual(verdict);
    expect(requestSent(error)).toBe(sent);
  });
});

describe('whatever is thrown', () => {
  test('a mark is left to the core, also on a cause', () => {
    expect(classifyFailure(permanent(withCode('ECONNRESET')))).toBeUndefined();
    expect(classifyFailure(fetchFailed(retryAfter(withCode('EPROTO'), 1)))).toBeUndefined();
  });

  test('getters and proxies may throw', () => {
    const hostile = new Proxy(new Error('x'), {
      get() {
        throw new Error('no');
      },
    });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const error of [hostile, proxy, fetchFailed(hostile), new AggregateError([hostile, proxy])]) {
      expect(() => [classifyFailure(error), requestSent(error)]).not.toThrow();
    }
    expect(classifyFailure(new AggregateError([hostile, withCode('ECONNRESET')]))).toBe('retry');
  });

  test('cycles end, and causes count to a depth of ten', () => {
    const cyclic = failure('a');
    cyclic.cause = new AggregateError([cyclic]);
    expect(classifyFailure(cyclic)).toBeUndefined();
    const nested = (depth: number): Error =>
      depth === 0 ? withCode('ECONNRESET') : failure('', { cause: nested(depth - 1) });
    expect(classifyFailure(nested(9))).toBe('retry');
    expect(classifyFailure(nested(10))).toBeUndefined();
  });

  test('a tree of parts that never ends is left after a hundred errors', () => {
    let reads = 0;
    const endless = (): object => ({
      name: 'AggregateError',
      get errors() {
        reads++;
        return [endless(), endless(), endless()];
      },
    });
    expect(classifyFailure(endless())).toBeUndefined();
    expect(reads).toBeLessThanOrEqual(101);
  });
});
