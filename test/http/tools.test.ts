import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';
import type { Verdict } from '../../src/index.js';

type Props = Readonly<Record<string, unknown>>;
type Opinion = readonly [Verdict | undefined, string | undefined];

const failed = (props: Props): Error => Object.assign(new Error('failed'), props);
const opinion = (error: unknown): Opinion => [classifyFailure(error), requestSent(error)];

const passing: Opinion = ['retry', 'yes'];
const refused: Opinion = ['stop', 'yes'];
const unsent: Opinion = ['retry', 'no'];
const perhaps: Opinion = ['retry', 'maybe'];
const notAdmitted: Opinion = ['stop', 'no'];
const useless: Opinion = ['stop', undefined];
const unknown: Opinion = [undefined, undefined];

describe('Prisma (shapes from its documentation)', () => {
  const known = (code: string, props: Props = {}): Error =>
    failed({ name: 'PrismaClientKnownRequestError', code, clientVersion: '7.10.1', meta: {}, ...props });
  const starting = (errorCode: string): Error =>
    failed({ name: 'PrismaClientInitializationError', errorCode });

  test.each<[Opinion, readonly Error[]]>([
    [
      passing,
      [known('P2034'), ...['40001', '40P01', '1213'].map((code) => known('P2010', { meta: { code } }))],
    ],
    [passing, [known('P2010', { meta: { driverAdapterError: { cause: { originalCode: '40001' } } } })]],
    [
      unsent,
      [starting('P1001'), starting('P1002'), known('P2024'), known('P2037'), known('P5001'), known('P6008')],
    ],
    [
      unsent,
      [
        known('P2028', {
          message: 'Transaction API error: Unable to start a transaction in the given time.',
        }),
      ],
    ],
    [perhaps, [known('P1008'), known('P1017'), known('P5009'), known('P6000')]],
    [refused, ['P2002', 'P2003', 'P2025', 'P2010', 'P2011', 'P6003'].map((code) => known(code))],
    [refused, [known('P2010', { meta: { code: '23505' } })]],
    [notAdmitted, ['P1000', 'P1003', 'P1010', 'P1011', 'P1012'].map(starting)],
    [
      useless,
      [failed({ name: 'PrismaClientValidationError' }), failed({ name: 'PrismaClientRustPanicError' })],
    ],
    [
      unknown,
      [known('P2028'), failed({ name: 'PrismaClientUnknownRequestError' }), failed({ code: 'P2034' })],
    ],
  ])('%j', (expected, errors) => {
    for (const error of errors) expect(opinion(error)).toEqual(expected);
  });
});

describe('MongoDB (shapes from its documentation)', () => {
  const server = (code: number, errorLabels: readonly string[] = []): Error =>
    failed({ name: 'MongoServerError', code, errorLabels });

  test.each<[Opinion, readonly Error[]]>([
    [perhaps, [server(112, ['TransientTransactionError']), server(64, ['RetryableWriteError'])]],
    [
      perhaps,
      [
        server(50, ['UnknownTransactionCommitResult']),
        failed({ name: 'MongoNetworkError', errorLabels: ['RetryableWriteError'] }),
      ],
    ],
    [perhaps, [failed({ name: 'MongoNetworkError' }), failed({ name: 'MongoNetworkTimeoutError' })]],
    [unsent, [server(91, ['RetryableWriteError', 'NoWritesPerformed'])]],
    [
      unsent,
      [
        'MongoServerSelectionError',
        'MongooseServerSelectionError',
        'MongoWaitQueueTimeoutError',
        'MongoPoolClearedError',
      ].map((name) => failed({ name, reason: { type: 'ReplicaSetNoPrimary' } })),
    ],
    [
      unsent,
      [
        failed({
          name: 'MongoNetworkError',
          errorLabels: ['RetryableWriteError'],
          cause: failed({ code: 'ECONNREFUSED' }),
        }),
      ],
    ],
    [passing, [6, 24, 91, 112, 189, 10107, 11600, 13435].map((code) => server(code))],
    [refused, [11000, 121, 13, 18, 2, 9, 26, 251].map((code) => server(code))],
    [refused, [failed({ name: 'MongoBulkWriteError', code: 11000 })]],
    [useless, [failed({ name: 'MongoTopologyClosedError' })]],
    [
      unknown,
      [
        failed({ errorLabels: ['Mine'] }),
        failed({ errorLabels: 'TransientTransactionError' }),
        failed({ code: 11000 }),
        failed({ name: 'MongoRuntimeError' }),
      ],
    ],
  ])('%j', (expected, errors) => {
    for (const error of errors) expect(opinion(error)).toEqual(expected);
  });

  test('a certificate behind a server that was not found stops', () => {
    const error = failed({ name: 'MongoServerSelectionError', cause: failed({ code: 'CERT_HAS_EXPIRED' }) });
    expect(classifyFailure(error)).toBe('stop');
  });
});

describe('SQL Server (shapes from the documentation of mssql and tedious)', () => {
  const request = (number: unknown): Error => failed({ name: 'RequestError', code: 'EREQUEST', number });

  test.each<[Opinion, readonly Error[]]>([
    [passing, [1205, 1222, 3960, 10928, 41302].map(request)],
    [unsent, [40197, 40501, 40613, 4060, 49918].map(request)],
    [
      unsent,
      [
        failed({ code: 'ELOGIN', number: 40613 }),
        failed({ code: 'ESOCKET', message: 'Failed to connect to h:1433 - connect ECONNREFUSED' }),
      ],
    ],
    [perhaps, [request(10054), failed({ code: 'ESOCKET', message: 'Connection lost - read ECONNRESET' })]],
    [perhaps, [failed({ code: 'ETIMEOUT', message: 'Timeout: Request failed to complete in 15000ms' })]],
    [refused, [2627, 2601, 547, 515, 8152, 208, 102, 50000].map(request)],
    [notAdmitted, [request(18456), failed({ code: 'ELOGIN' }), failed({ code: 'ELOGIN', number: 18456 })]],
    [unsent, [failed({ code: 'ETIMEOUT', message: 'queryA ETIMEOUT example.org' })]],
    [unknown, [request(undefined), request('1205'), failed({ number: 1205 }), failed({ code: 'ESOCKET' })]],
  ])('%j', (expected, errors) => {
    for (const error of errors) expect(opinion(error)).toEqual(expected);
  });

  test('the code for sockets may stand on a certificate', () => {
    expect(classifyFailure(failed({ code: 'ESOCKET', message: 'self-signed certificate' }))).toBe('stop');
  });
});

describe('gRPC by other clients', () => {
  const connect = (code: number, props: Props = {}): Error =>
    failed({
      name: 'ConnectError',
      code,
      rawMessage: 'x',
      metadata: new Headers(),
      details: [],
      cause: undefined,
      ...props,
    });
  const nice = (code: number): Error => failed({ name: 'ClientError', path: '/a/B', code, details: 'x' });
  const named = (code: unknown): Error => failed({ name: 'RpcError', code, meta: {}, methodName: 'B' });

  test.each<[Opinion, readonly Error[]]>([
    [perhaps, [connect(14), nice(14), named('UNAVAILABLE'), named(14)]],
    [passing, [connect(8), nice(8), named('RESOURCE_EXHAUSTED')]],
    [refused, [3, 5, 6, 7, 9, 10, 12, 13, 16].flatMap((code) => [connect(code), nice(code), named(code)])],
    [refused, [named('NOT_FOUND'), named('UNAUTHENTICATED')]],
    [
      ['stop', 'maybe'],
      [connect(4), nice(4), named('DEADLINE_EXCEEDED')],
    ],
    [useless, [connect(1), nice(1), named('CANCELLED')]],
    [
      unsent,
      [
        connect(14, { cause: failed({ code: 'ECONNREFUSED' }) }),
        connect(14, { rawMessage: 'connect ECONNREFUSED ::1:1' }),
      ],
    ],
    // Connect's own code for a connection that was reset.
    [
      perhaps,
      [
        connect(10, { cause: failed({ code: 'ECONNRESET' }) }),
        connect(2, { cause: new TypeError('fetch failed', { cause: failed({ code: 'ECONNRESET' }) }) }),
      ],
    ],
    [
      unknown,
      [
        failed({ code: 5 }),
        failed({ code: 5, details: 'x' }),
        connect(0),
        connect(17),
        failed({ code: 20, name: 'X', details: 'x', path: '/a' }),
      ],
    ],
  ])('%j', (expected, errors) => {
    for (const error of errors) expect(opinion(error)).toEqual(expected);
  });

  test('has the hints of its metadata', () => {
    expect(classifyFailure(connect(14, { metadata: new Headers({ 'retry-after': '7' }) }))).toEqual({
      retryAfterMs: 7000,
    });
    expect(
      classifyFailure(connect(8, { metadata: new Headers({ 'grpc-retry-pushback-ms': '70' }) })),
    ).toEqual({ retryAfterMs: 70 });
    expect(classifyFailure(connect(8, { metadata: new Headers({ 'grpc-retry-pushback-ms': '-1' }) }))).toBe(
      'stop',
    );
    expect(classifyFailure(connect(5, { metadata: new Headers({ 'retry-after': '7' }) }))).toBe('stop');
    const statusDetails = [{ retryDelay: { seconds: '3', nanos: 5 } }];
    expect(classifyFailure(failed({ code: 8, details: 'x', metadata: {}, statusDetails }))).toEqual({
      retryAfterMs: 4000,
    });
  });
});

const forbidden = (...reasons: string[]): Error =>
  failed({
    status: 403,
    response: { status: 403, headers: {} },
    errors: reasons.map((reason) => ({ reason })),
  });

describe('Google', () => {
  test.each(['rateLimitExceeded', 'userRateLimitExceeded', 'jobRateLimitExceeded', 'RATE_LIMIT_EXCEEDED'])(
    '403 for %s is retried',
    (reason) => {
      expect(opinion(forbidden(reason))).toEqual(passing);
      const inBody = { error: { code: 403, details: [{ reason }] } };
      expect(opinion(failed({ response: { status: 403, headers: {}, data: inBody } }))).toEqual(passing);
    },
  );

  test.each([
    ['dailyLimitExceeded'],
    ['quotaExceeded'],
    ['insufficientPermissions'],
    ['rateLimitExceededUnreg'],
    ['rateLimitExceeded', 'forbidden'],
    [],
  ])('403 for %s, %s is left to the policy', (...reasons) => {
    expect(opinion(forbidden(...reasons))).toEqual([undefined, 'yes']);
  });

  const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '37.5s' };
  const body = { error: { code: 429, details: [{ '@type': 'x' }, info] } };
  test.each<[string, Props]>([
    ['a message that is JSON', { message: JSON.stringify(body) }],
    [
      'a message with JSON in it',
      { message: `got status: 429 Too Many Requests. ${JSON.stringify(body, null, 2)}` },
    ],
    [
      'JSON inside of JSON',
      { message: JSON.stringify({ error: { message: JSON.stringify(body, null, 2) } }) },
    ],
    ['responseBody of the AI SDK', { responseBody: JSON.stringify(body) }],
    ['the data of gaxios', { response: { status: 429, headers: {}, data: body } }],
    ['the error of the SDKs of the kind of OpenAI', { error: body.error }],
    ['errorDetails', { errorDetails: [info] }],
  ])('its RetryInfo is read in %s', (_name, props) => {
    expect(classifyFailure(failed({ status: 429, ...props }))).toEqual({ retryAfterMs: 37_500 });
    expect(
      classifyFailure(
        failed({ status: 400, ...props, ...(props['response'] ? { response: undefined } : {}) }),
      ),
    ).toBeUndefined();
  });

  test('the longer of two hints counts', () => {
    const props = { status: 429, errorDetails: [info] };
    const shorter = failed({ ...props, headers: { 'retry-after': '9' } });
    expect(classifyFailure(shorter)).toEqual({ retryAfterMs: 37_500 });
    // Left to the core, which reads it.
    const longer = failed({ ...props, headers: { 'retry-after': '90' } });
    expect(classifyFailure(longer)).toBeUndefined();
  });
});

test('an abort stops under the name of Elasticsearch', () => {
  expect(opinion(failed({ name: 'RequestAbortedError' }))).toEqual(useless);
  expect(
    classifyFailure(failed({ name: 'ConnectionError', cause: failed({ name: 'RequestAbortedError' }) })),
  ).toBe('stop');
});
