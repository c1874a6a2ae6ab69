import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent, retryFetch } from '../../src/http/index.js';
import type { Verdict } from '../../src/index.js';

type Props = Readonly<Record<string, unknown>>;
type Opinion = readonly [Verdict | undefined, string | undefined];

const failed = (props: Props, message = 'failed'): Error => Object.assign(new Error(message), props);
const opinion = (error: unknown): Opinion => [classifyFailure(error), requestSent(error)];
const answer = (status: number, props: Props = {}): Error =>
  failed({ response: { status, headers: {} }, ...props });

describe('an error that declares whether it can be retried is believed', () => {
  test.each<[string, unknown, Opinion]>([
    ['kafkajs, no', failed({ retriable: false }), ['stop', undefined]],
    ['kafkajs, yes', failed({ retriable: true }), ['retry', 'maybe']],
    ['retryable, no', failed({ retryable: false }), ['stop', undefined]],
    [
      'retryable, yes, and never sent',
      failed({ retryable: true, cause: failed({ code: 'ECONNREFUSED' }) }),
      ['retry', 'no'],
    ],
    ['in a cause', failed({ cause: failed({ retryable: false }) }), ['stop', undefined]],
    [
      'in a cause of a cause',
      failed({ cause: failed({ cause: failed({ nonRetryable: true }) }) }),
      ['stop', undefined],
    ],
    ['tedious', failed({ isTransient: true, code: 'ELOGIN2' }), ['retry', 'maybe']],
    ['Temporal', failed({ nonRetryable: true }), ['stop', undefined]],
    ['beside a status, yes', answer(400, { retryable: true }), ['retry', 'yes']],
    ['beside a status, no', answer(503, { retryable: false }), ['stop', undefined]],
    [
      'beside a status and a hint',
      failed({ retryable: true, response: { status: 400, headers: { 'retry-after': '7' } } }),
      [{ retryAfterMs: 7000 }, 'yes'],
    ],
    [
      'Cloudflare, overloaded',
      failed({ retryable: true, overloaded: true, remote: true }),
      ['stop', undefined],
    ],
    ['BullMQ', failed({ name: 'UnrecoverableError' }), ['stop', undefined]],
    ['Inngest', failed({ name: 'NonRetriableError' }), ['stop', undefined]],
    ['Cloudflare Workflows', failed({ name: 'NonRetryableError' }), ['stop', undefined]],
    ['AI SDK, no status, no', failed({ isRetryable: false }), ['stop', undefined]],
    ['AI SDK, no status, yes', failed({ isRetryable: true }), ['retry', 'maybe']],
  ])('%s', (_name, error, expected) => {
    expect(opinion(error)).toEqual(expected);
  });

  test('but the AI SDK only repeats a status, and Temporal a default', () => {
    expect(opinion(answer(503, { isRetryable: true }))).toEqual([undefined, 'yes']);
    expect(opinion(answer(425, { isRetryable: false }))).toEqual([undefined, 'yes']);
    expect(classifyFailure(failed({ isRetryable: true, cause: failed({ code: 'CERT_HAS_EXPIRED' }) }))).toBe(
      'stop',
    );
    expect(
      classifyFailure(failed({ nonRetryable: false, cause: failed({ code: 'CERT_HAS_EXPIRED' }) })),
    ).toBe('stop');
    expect(classifyFailure(failed({ nonRetryable: false }))).toBe('retry');
  });

  test.each(['yes', 1, 0, null, {}, () => true, [], new Date(0)])('and %o says nothing', (value) => {
    for (const name of ['retryable', 'retriable', 'nonRetryable', 'isRetryable', 'isTransient']) {
      expect(opinion(failed({ [name]: value }))).toEqual([undefined, undefined]);
    }
  });
});

const aws = (props: Props, $metadata: Props = {}): Error =>
  failed({
    $fault: 'client',
    $retryable: undefined,
    ...props,
    $metadata: { httpStatusCode: 400, ...$metadata },
  });

const cancelled = (codes: readonly string[], props: Props = {}): Error =>
  aws({
    name: 'TransactionCanceledException',
    CancellationReasons: codes.map((Code) => ({ Code })),
    ...props,
  });

describe('AWS', () => {
  test.each<[string, Error]>([
    ['$retryable', aws({ $retryable: { throttling: true } })],
    ['the clock was corrected, 400', aws({}, { clockSkewCorrected: true })],
    ['the clock was corrected, 403', aws({}, { clockSkewCorrected: true, httpStatusCode: 403 })],
    ['a conflict', cancelled(['None', 'TransactionConflict', 'None'])],
    ['two reasons that pass', cancelled(['ThrottlingError', 'ProvisionedThroughputExceeded'])],
    [
      'reasons in words alone',
      aws({ name: 'TransactionCanceledException', message: 'specific reasons [None, TransactionConflict]' }),
    ],
    ['the conflict of a single write', aws({ name: 'TransactionConflictException' })],
    ['the conflict of a replica', aws({ name: 'ReplicatedWriteConflictException' })],
    ...[
      'EC2ThrottledException',
      'LimitExceededException',
      'RequestLimitExceeded',
      'Throttling',
      'SlowDown',
    ].map((name): [string, Error] => [name, aws({ name })]),
  ])('%s: retried', (_name, error) => {
    expect(opinion(error)).toEqual(['retry', 'yes']);
  });

  test.each<[string, Error]>([
    ['a wrong secret', aws({ name: 'InvalidSignatureException' })],
    ['a missing object, with a corrected clock', aws({}, { clockSkewCorrected: true, httpStatusCode: 404 })],
    ['clockSkewCorrected as a text', aws({}, { clockSkewCorrected: 'true' })],
    ['a condition beside a conflict', cancelled(['ConditionalCheckFailed', 'TransactionConflict'])],
    ['a validation', cancelled(['None', 'ValidationError'])],
    ['no reason', cancelled(['None', 'None'])],
    ['reasons without a code', cancelled([], { CancellationReasons: [null, {}] })],
    ['a limit of the account', aws({ name: 'LimitExceeded' })],
  ])('%s: left to the status', (_name, error) => {
    expect(opinion(error)).toEqual([undefined, 'yes']);
  });
});

const send = async (status: number, method: string, headers: Record<string, string>) => {
  let requests = 0;
  const fetch = async (_input: unknown, _init?: unknown): Promise<Response> => {
    requests++;
    return new Response('', { status });
  };
  await retryFetch({ maxRetries: 1, baseDelayMs: 0 }, { fetch })('http://x.test/', { method, headers });
  return requests;
};

describe('an Idempotency-Key with 409', () => {
  const key = { 'idempotency-key': '"a"' };

  test.each<[number, string, Record<string, string>, number]>([
    [409, 'POST', key, 2],
    [409, 'PATCH', key, 2],
    [409, 'post', { 'IDEMPOTENCY-KEY': 'b' }, 2],
    [409, 'PUT', key, 1],
    [409, 'POST', {}, 1],
    [422, 'POST', key, 1],
    [400, 'POST', key, 1],
  ])('%i to a %s with %j: %i requests', async (status, method, headers, requests) => {
    expect(await send(status, method, headers)).toBe(requests);
  });

  test.each<[string, (method: string, headers: unknown) => Props]>([
    ['config of axios', (method, headers) => ({ config: { method, headers } })],
    ['request of ky', (method, headers) => ({ request: { method, headers: new Headers(headers as {}) } })],
    ['options of got', (method, headers) => ({ options: { method, headers } })],
  ])('is seen in %s', (_name, make) => {
    expect(classifyFailure(answer(409, make('post', key)))).toBe('retry');
    expect(classifyFailure(answer(409, make('PATCH', key)))).toBe('retry');
    expect(classifyFailure(answer(409, make('GET', key)))).toBeUndefined();
    expect(classifyFailure(answer(409, make('POST', {})))).toBeUndefined();
    expect(classifyFailure(answer(422, make('POST', key)))).toBeUndefined();
  });
});
