import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { definePolicy, permanent, retry, retryAfter } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { verdictOn } from './verdict-on.js';

const failed = (fields: object, message = 'failed'): Error => Object.assign(new Error(message), fields);

/** An error so many levels inside of others. */
function nested(levels: number, inner: unknown): unknown {
  let error = inner;
  for (let level = 0; level < levels; level++) error = new Error(`level ${level}`, { cause: error });
  return error;
}

/** An error that throws when one of its fields is read. */
const guarded = (field: string): Error =>
  Object.defineProperty(new Error('guarded'), field, {
    get(): never {
      throw new Error('do not read');
    },
  });

describe('whatever nobody knows is retried', () => {
  test.each([undefined, null, 0, '', 'text', 404, true, 5n, Symbol('s'), {}, [], () => {}])(
    'a thrown %o',
    async (thrown) => {
      expect(await verdictOn(thrown)).toBe('retry');
    },
  );

  test('errors of all kinds', async () => {
    for (const error of [
      new Error('plain'),
      new RangeError('range'),
      new SyntaxError('Unexpected end of JSON input'),
      failed({ code: 'ECONNRESET' }),
      failed({ name: 'TimeoutError' }),
      failed({ cause: 'text' }),
      failed({ cause: null }),
    ])
      expect(await verdictOn(error)).toBe('retry');
  });

  test('errors whose fields throw when they are read', async () => {
    for (const field of ['name', 'status', 'response', 'cause', 'message', '$metadata'])
      expect(await verdictOn(guarded(field))).toBe('retry');
    // What hides in a cause cannot be known, but what is around it is.
    expect(await verdictOn(new TypeError('x is not a function', { cause: guarded('status') }))).toBe('stop');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(await verdictOn(proxy)).toBe('retry');
  });
});

describe('an abort', () => {
  test('that is not ours stops', async () => {
    expect(await verdictOn(new DOMException('This operation was aborted', 'AbortError'))).toBe('stop');
    expect(await verdictOn(failed({ name: 'AbortError' }))).toBe('stop');
    expect(await verdictOn(new Error('outer', { cause: failed({ name: 'AbortError' }) }))).toBe('stop');
  });

  test('that a time limit was the cause of is retried', async () => {
    const timeout = new DOMException('The operation timed out', 'TimeoutError');
    expect(await verdictOn(failed({ name: 'AbortError', cause: timeout }))).toBe('retry');
    expect(await verdictOn(timeout)).toBe('retry');
  });

  test('is retried where it is the answer of the operation to our own attempt timeout', async () => {
    const clock = virtualClock();
    let attempts = 0;
    const call = retry(
      ({ attempt, signal }) => {
        attempts++;
        if (attempt === 2) return 'done';
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        });
      },
      definePolicy({ attemptTimeoutMs: 1_000 }),
      { clock },
    );
    expect(await clock.runAll(call)).toBe('done');
    expect(attempts).toBe(2);
  });

  test('is retried where our own time limit ended a call inside of this one', async () => {
    const clock = virtualClock();
    const inner = retry(() => new Promise(() => {}), { maxRetries: 0, attemptTimeoutMs: 10 }, { clock });
    const error: unknown = await clock.runAll(inner).catch((thrown: unknown) => thrown);
    expect(await verdictOn(error)).toBe('retry');
    // Also around a failure that would have stopped.
    expect(await verdictOn(Object.assign(error as Error, { cause: failed({ status: 404 }) }))).toBe('retry');
  });
});

describe('errors of programming', () => {
  test('stop', async () => {
    expect(await verdictOn(new ReferenceError('x is not defined'))).toBe('stop');
    expect(await verdictOn(new TypeError("Cannot read properties of undefined (reading 'id')"))).toBe('stop');
    expect(await verdictOn(new TypeError('x is not a function'))).toBe('stop');
    expect(await verdictOn(failed({ name: 'TypeError', code: 'ERR_INVALID_URL' }))).toBe('stop');
    expect(await verdictOn(vm.runInNewContext("new TypeError('x is not a function')"))).toBe('stop');
    expect(await verdictOn(new Error('outer', { cause: new TypeError('x is not a function') }))).toBe('stop');
  });

  test.each([
    ['Node', 'fetch failed'],
    ['Node, in the middle of a body', 'terminated'],
    ['Chrome and Edge', 'Failed to fetch'],
    ['Firefox', 'NetworkError when attempting to fetch resource.'],
    ['Firefox, in the middle of a body', 'Network error'],
    ['Safari, long ago', 'A network error occurred.'],
    ['Safari', 'Load failed'],
    ['Safari, with a host', 'Load failed (example.com)'],
    ['Safari, off line', 'The Internet connection appears to be offline.'],
    ['Safari, on the way', 'The network connection was lost.'],
    ['Safari, too late', 'The request timed out.'],
    ['React Native', 'Network request failed'],
    ['React Native, too late', 'Network request timed out'],
    ['Deno', 'error sending request for url (https://example.com/)'],
    ['Bun', 'Unable to connect. Is the computer able to access the url?'],
    ['Bun, on the way', 'The socket connection was closed unexpectedly.'],
    ['Bun, too late', 'The operation timed out.'],
    ['Cloudflare Workers', 'Network connection lost.'],
  ])('do not hide in the lost network of %s: "%s" is retried', async (_, message) => {
    expect(await verdictOn(new TypeError(message))).toBe('retry');
  });

  test('do not hide in a TypeError with the code of a system', async () => {
    expect(await verdictOn(Object.assign(new TypeError('x'), { code: 'ECONNREFUSED' }))).toBe('retry');
  });

  test('are not what only sounds like a lost network further on', async () => {
    expect(await verdictOn(new TypeError('x failed to fetch'))).toBe('stop');
    expect(await verdictOn(new TypeError('fetch failed to be a function'))).toBe('stop');
    expect(await verdictOn(new TypeError('The database connection is not a function'))).toBe('stop');
    expect(await verdictOn(new TypeError('networkClient.send is not a function'))).toBe('stop');
    expect(await verdictOn(new TypeError('networks is not iterable'))).toBe('stop');
    expect(await verdictOn(new TypeError('A networkId is required'))).toBe('stop');
  });

  test('give way to a definite cause', async () => {
    expect(await verdictOn(new TypeError('wrapped', { cause: failed({ status: 503 }) }))).toBe('retry');
    expect(await verdictOn(new TypeError('wrapped', { cause: retryAfter(new Error('x'), 9) }))).toEqual({
      retryAfterMs: 9,
    });
    expect(await verdictOn(new TypeError('wrapped', { cause: new Error('unknown') }))).toBe('stop');
    // "fetch failed" says nothing by itself: what it was caused by does.
    expect(await verdictOn(new TypeError('fetch failed', { cause: failed({ code: 'ENOTFOUND' }) }))).toBe(
      'retry',
    );
  });
});

describe('an AggregateError', () => {
  const busy = failed({ status: 503, headers: { 'retry-after': '5' } });
  const busier = failed({ status: 503, headers: { 'retry-after': '9' } });
  const gone = failed({ status: 404 });

  test('stops if any of its parts does', async () => {
    expect(await verdictOn(new AggregateError([busy, gone, busier]))).toBe('stop');
    expect(await verdictOn(new AggregateError([new Error('x'), permanent(new Error('y'))]))).toBe('stop');
    expect(await verdictOn(new AggregateError([new Error('x'), new AggregateError([gone])]))).toBe('stop');
  });

  test('is else retried after the largest hint of its parts', async () => {
    expect(await verdictOn(new AggregateError([busy, busier, new Error('x')]))).toEqual({
      retryAfterMs: 9_000,
    });
    expect(await verdictOn(new AggregateError([busier, busy]))).toEqual({ retryAfterMs: 9_000 });
    expect(await verdictOn(new AggregateError([new Error('x'), retryAfter(new Error('y'), 0)]))).toEqual({
      retryAfterMs: 0,
    });
    expect(await verdictOn(new AggregateError([new Error('x'), 'text']))).toBe('retry');
  });

  test('goes by its own mark or status before those of its parts', async () => {
    expect(await verdictOn(retryAfter(new AggregateError([gone]), 5))).toEqual({ retryAfterMs: 5 });
    expect(await verdictOn(Object.assign(new AggregateError([gone]), { status: 503 }))).toBe('retry');
  });

  test('without parts goes by its cause', async () => {
    expect(await verdictOn(new AggregateError([], 'none', { cause: gone }))).toBe('stop');
    expect(await verdictOn(new AggregateError([]))).toBe('retry');
    expect(await verdictOn(Object.assign(new AggregateError([]), { errors: 'none' }))).toBe('retry');
  });

  test('of a class of its own, by another name, is one', async () => {
    class Failures extends AggregateError {
      override readonly name = 'Failures';
    }
    expect(await verdictOn(new Failures([gone]))).toBe('stop');
  });

  test('as a cause, or of another realm, counts too', async () => {
    expect(await verdictOn(new Error('outer', { cause: new AggregateError([gone]) }))).toBe('stop');
    const foreign: unknown = vm.runInNewContext('new AggregateError([new ReferenceError("x")])');
    expect(await verdictOn(foreign)).toBe('stop');
  });

  test('may be a part of itself', async () => {
    const errors: unknown[] = [];
    const ring = new AggregateError(errors);
    ring.errors.push(ring, busy);
    expect(await verdictOn(ring)).toEqual({ retryAfterMs: 5_000 });
    const pair = [new AggregateError([]), new AggregateError([])] as const;
    pair[0].errors.push(pair[1], pair[1]);
    pair[1].errors.push(pair[0], pair[0]);
    expect(await verdictOn(pair[0])).toBe('retry');
  });

  test('many times in itself is looked at once', async () => {
    const ring = new AggregateError([]);
    for (let part = 0; part < 50; part++) ring.errors.push(new AggregateError([ring, ring]));
    expect(await verdictOn(ring)).toBe('retry');
  });
});

describe('parts that never end', () => {
  test('are left after a hundred AggregateErrors', async () => {
    let reads = 0;
    const endless = (): object => ({
      name: 'AggregateError',
      get errors() {
        reads++;
        return [endless(), endless(), endless()];
      },
    });
    expect(await verdictOn(endless())).toBe('retry');
    expect(reads).toBeLessThan(1000);
  });
});

describe('causes', () => {
  test('are followed ten errors deep, the outermost included', async () => {
    const gone = failed({ status: 404 });
    expect(await verdictOn(nested(9, gone))).toBe('stop');
    expect(await verdictOn(nested(10, gone))).toBe('retry');
  });

  test('are followed ten deep through parts as well', async () => {
    const gone = failed({ status: 404 });
    expect(await verdictOn(nested(4, new AggregateError([nested(4, gone)])))).toBe('stop');
    expect(await verdictOn(nested(4, new AggregateError([nested(5, gone)])))).toBe('retry');
  });

  test('may go round in circles', async () => {
    const ring = new Error('ring');
    ring.cause = new Error('other', { cause: ring });
    expect(await verdictOn(ring)).toBe('retry');
    const self = new TypeError('x is not a function');
    self.cause = self;
    expect(await verdictOn(self)).toBe('stop');
  });

  test('give way to the error outside: the first rule that knows decides', async () => {
    const busy = failed({ status: 503 });
    expect(await verdictOn(new Error('outer', { cause: failed({ status: 404, cause: busy }) }))).toBe('stop');
    expect(await verdictOn(failed({ status: 404, cause: retryAfter(new Error('x'), 5) }))).toBe('stop');
    expect(await verdictOn(failed({ name: 'AbortError', status: 503 }))).toBe('stop');
  });
});
