import { describe, expect, test } from 'vitest';
import { errorData } from '../../src/queues/error.js';

const circular: { self?: object } = {};
circular.self = circular;

describe('an error as data', () => {
  test('has name, message, stack and code', () => {
    const error = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    expect(errorData(error)).toEqual({
      name: 'RangeError',
      message: 'too far',
      stack: error.stack,
      code: 'E_FAR',
    });
    expect(errorData(Object.assign(new Error('x'), { code: 42 }))).toMatchObject({ code: 42 });
  });

  test('has no code that is neither text nor a finite number', () => {
    for (const code of [NaN, Infinity, {}, null, undefined]) {
      expect(errorData(Object.assign(new Error('x'), { code }))).not.toHaveProperty('code');
    }
  });

  test.each([
    ['boom', { name: 'string', message: 'boom' }],
    [undefined, { name: 'undefined', message: 'undefined' }],
    [null, { name: 'null', message: 'null' }],
    [7, { name: 'number', message: '7' }],
    [Symbol('s'), { name: 'symbol', message: 'Symbol(s)' }],
    [{ status: 503 }, { name: 'Object', message: '{"status":503}' }],
    [circular, { name: 'Object', message: '[object]' }],
    [{ toJSON: () => undefined }, { name: 'Object', message: 'undefined' }],
  ])('can be made of %s, which is no error', (thrown, data) => {
    expect(errorData(thrown)).toEqual(data);
  });

  test('can be made of an object none of whose properties can be read', () => {
    const hostile = new Proxy(new Error('hidden'), {
      get() {
        throw new Error('no reading here');
      },
    });
    expect(errorData(hostile)).toEqual({ name: 'Object', message: '[object]' });
  });

  test('stays small, whatever was thrown', () => {
    const huge = Object.assign(new Error('m'.repeat(1_000_000)), {
      name: 'n'.repeat(1_000_000),
      stack: 's'.repeat(1_000_000),
      code: 'c'.repeat(1_000_000),
    });
    expect(JSON.stringify(errorData(huge)).length).toBeLessThan(7_000);
    expect(errorData('s'.repeat(1_000_000)).message.length).toBeLessThan(2_100);
    expect(errorData({ long: 'x'.repeat(1_000_000) }).message.length).toBeLessThan(2_100);
  });

  test('holds nothing that Postgres refuses in jsonb: no NUL, and no half of a surrogate pair', () => {
    expect(errorData('a\0b\ud800c\udc00d😀').message).toBe('a\u2400b\ufffdc\ufffdd😀');
    // Also where the cut goes through a pair.
    expect(() => encodeURIComponent(errorData(`${'😀'.repeat(1_500)}x`).message)).not.toThrow();
    expect(() => encodeURIComponent(errorData(`x${'😀'.repeat(1_500)}`).message)).not.toThrow();
  });
});
