import { describe, expect, test } from 'vitest';
import { classifyStatus, definePolicy } from '../../src/index.js';
import { nowMs, verdictOn } from './verdict-on.js';

const failed = (fields: object): Error => Object.assign(new Error('failed'), fields);
const at = (afterMs: number): string => new Date(nowMs + afterMs).toUTCString();

describe('classifyStatus', () => {
  test.each([408, 429, 500, 502, 503, 504, 599])('%i: retry', (status) => {
    expect(classifyStatus(status)).toBe('retry');
  });

  test.each([400, 401, 403, 404, 409, 410, 413, 422, 425, 499])('%i: stop', (status) => {
    expect(classifyStatus(status)).toBe('stop');
  });

  test.each([100, 200, 204, 301, 304, 399])('%i is no failure', (status) => {
    expect(classifyStatus(status)).toBeUndefined();
  });

  test.each([0, 99, 1000, -500, 500.5, NaN, Infinity, '503', null, undefined, {}])(
    '%j is no status',
    (status) => {
      expect(classifyStatus(status as number)).toBeUndefined();
    },
  );

  test('goes by the statuses of a policy', () => {
    const policy = definePolicy({ retryStatuses: ['4xx', 501, 302] });
    expect([400, 429, 499, 501, 302].map((status) => classifyStatus(status, policy))).toEqual(
      Array.from({ length: 5 }, () => 'retry'),
    );
    expect([500, 502, 503].map((status) => classifyStatus(status, policy))).toEqual(['stop', 'stop', 'stop']);
    expect(classifyStatus(503, { retryStatuses: [] })).toBe('stop');
    expect(classifyStatus(301, policy)).toBeUndefined();
  });
});

describe('the status of a failure', () => {
  test.each<[string, (status: number) => object]>([
    ['response.status', (status) => ({ response: { status } })],
    ['response.statusCode', (status) => ({ response: { statusCode: status } })],
    ['$metadata.httpStatusCode', (status) => ({ $metadata: { httpStatusCode: status } })],
    ['$response.statusCode', (status) => ({ $response: { statusCode: status } })],
    ['statusCode', (statusCode) => ({ statusCode })],
    ['status', (status) => ({ status })],
    [':status', (status) => ({ ':status': status })],
  ])('is found at %s', async (_, fields) => {
    expect(await verdictOn(failed(fields(503)))).toBe('retry');
    expect(await verdictOn(failed(fields(404)))).toBe('stop');
    // A plain object may be thrown as well.
    expect(await verdictOn(fields(404))).toBe('stop');
  });

  test('of the response counts before one of the error', async () => {
    expect(await verdictOn(failed({ response: { status: 503 }, status: 404 }))).toBe('retry');
    expect(await verdictOn(failed({ response: { status: 404 }, statusCode: 503 }))).toBe('stop');
  });

  test('is judged by the policy of the call', async () => {
    expect(await verdictOn(failed({ status: 503 }), { retryStatuses: [404] })).toBe('stop');
    expect(await verdictOn(failed({ status: 404 }), { retryStatuses: [404] })).toBe('retry');
  });

  test.each(['404', 4.04, 99, 1000, null, { code: 404 }, true])('is none if it is %j', async (status) => {
    expect(await verdictOn(failed({ status }))).toBe('retry');
    // The place after it is looked at.
    expect(await verdictOn(failed({ statusCode: status, status: 404 }))).toBe('stop');
  });

  test('below 400 decides nothing: a body may have been cut off', async () => {
    expect(await verdictOn(failed({ status: 200 }))).toBe('retry');
    expect(await verdictOn(failed({ response: { status: 304 }, cause: { status: 404 } }))).toBe('stop');
  });

  test('of a cause counts where the error outside has none', async () => {
    expect(await verdictOn(new Error('outer', { cause: failed({ status: 404 }) }))).toBe('stop');
    expect(await verdictOn(failed({ status: 503, cause: failed({ status: 404 }) }))).toBe('retry');
  });
});

describe('Retry-After of a failure', () => {
  test.each<[string, object]>([
    ['response.headers', { response: { status: 429, headers: { 'retry-after': '7' } } }],
    [
      'response.headers, as fetch has them',
      { response: new Response(null, { status: 503, headers: { 'Retry-After': '7' } }) },
    ],
    ['$response.headers', { $response: { statusCode: 503, headers: { 'Retry-After': '7' } } }],
    ['headers', { status: 429, headers: { 'Retry-After': 7 } }],
    ['headers, as a Map', { status: 429, headers: new Map([['retry-after', '7']]) }],
    ['the error, as HTTP/2 has them', { ':status': 503, 'retry-after': '7' }],
  ])('is the hint, in %s', async (_, fields) => {
    expect(await verdictOn(failed(fields))).toEqual({ retryAfterMs: 7_000 });
  });

  test('is the hint as a date too, by the clock of the server where it tells', async () => {
    const headers = { 'retry-after': at(30_000) };
    expect(await verdictOn(failed({ status: 503, headers }))).toEqual({ retryAfterMs: 30_000 });
    expect(await verdictOn(failed({ status: 503, headers: { ...headers, date: at(10_000) } }))).toEqual({
      retryAfterMs: 20_000,
    });
    expect(await verdictOn(failed({ status: 503, headers: { 'retry-after': at(-5_000) } }))).toEqual({
      retryAfterMs: 0,
    });
  });

  test.each([403, 413])('makes a %i worth a retry, which it is not without', async (status) => {
    const headers = { 'retry-after': '1' };
    expect(await verdictOn(failed({ status, headers }))).toEqual({ retryAfterMs: 1_000 });
    expect(await verdictOn(failed({ status, headers: {} }))).toBe('stop');
    expect(await verdictOn(failed({ status }))).toBe('stop');
    expect(await verdictOn(failed({ status, headers: { 'retry-after': 'soon' } }))).toBe('stop');
  });

  test.each([400, 401, 404, 409, 422])('does not make a %i worth a retry', async (status) => {
    expect(await verdictOn(failed({ status, headers: { 'retry-after': '1' } }))).toBe('stop');
  });

  test('that cannot be read is ignored', async () => {
    for (const value of ['soon', '-5', '', '1e3', NaN, {}, '31 February 2026'])
      expect(await verdictOn(failed({ status: 503, headers: { 'retry-after': value } }))).toBe('retry');
    const headers = new Proxy(
      {},
      {
        get(): never {
          throw new Error('no headers');
        },
        ownKeys(): never {
          throw new Error('no headers');
        },
      },
    );
    expect(await verdictOn(failed({ status: 503, headers }))).toBe('retry');
  });

  test('of an error that is no response asks for nothing', async () => {
    expect(await verdictOn(failed({ headers: { 'retry-after': '7' } }))).toBe('retry');
    expect(await verdictOn(failed({ status: 200, headers: { 'retry-after': '7' } }))).toBe('retry');
  });
});
