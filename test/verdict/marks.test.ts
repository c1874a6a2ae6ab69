import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { permanent, retryAfter, retryIn } from '../../src/index.js';
import { verdictOn } from './verdict-on.js';

const frozen = (): Error => Object.freeze(new Error('frozen'));

/** An error of another realm: no `instanceof` of ours holds for it. */
const foreign = (code = "new Error('foreign')"): Error => vm.runInNewContext(code) as Error;

/** What a foreign hand may have written. */
const marked = (value: unknown): object => ({ [Symbol.for('ostinato.verdict')]: value });

describe('a mark', () => {
  test('decides before all other rules', async () => {
    const gone = Object.assign(new Error('gone'), { status: 404 });
    expect(await verdictOn(gone)).toBe('stop');
    expect(await verdictOn(retryAfter(gone, 50))).toEqual({ retryAfterMs: 50 });
    expect(await verdictOn(permanent(Object.assign(new Error('busy'), { status: 503 })))).toBe('stop');
    expect(await verdictOn(retryAfter(new DOMException('aborted', 'AbortError'), 5))).toEqual({
      retryAfterMs: 5,
    });
    expect(await verdictOn(retryAfter(new ReferenceError('x is not defined'), 5))).toEqual({
      retryAfterMs: 5,
    });
  });

  test('is put on the object itself, which is returned', () => {
    for (const error of [new Error('x'), {}, [], () => {}, frozen(), foreign()]) {
      expect(permanent(error)).toBe(error);
      expect(retryAfter(error, 1)).toBe(error);
    }
  });

  test('leaves no trace that anybody could see', () => {
    const error = permanent(new Error('x'));
    expect(Object.keys(error)).toEqual([]);
    expect(JSON.stringify(error)).toBe('{}');
    expect(error).toEqual(new Error('x'));
    expect(Object.assign({}, error)).toEqual({});
  });

  test('counts on whatever can be thrown and carry one', async () => {
    expect(await verdictOn(permanent({ plain: true }))).toBe('stop');
    expect(await verdictOn(permanent(() => {}))).toBe('stop');
    expect(await verdictOn(retryAfter([], 9))).toEqual({ retryAfterMs: 9 });
  });

  test('is replaced by the next one: the last mark wins', async () => {
    for (const error of [
      new Error('plain'),
      frozen(),
      foreign(),
      foreign("Object.freeze(new Error('foreign'))"),
    ]) {
      expect(await verdictOn(permanent(error))).toBe('stop');
      expect(await verdictOn(retryAfter(error, 10))).toEqual({ retryAfterMs: 10 });
      expect(await verdictOn(retryAfter(error, 20))).toEqual({ retryAfterMs: 20 });
      expect(await verdictOn(permanent(error))).toBe('stop');
    }
  });

  test('wins also over one from before the error was frozen', async () => {
    const error = Object.freeze(permanent(new Error('frozen later')));
    expect(await verdictOn(error)).toBe('stop');
    expect(await verdictOn(retryAfter(error, 10))).toEqual({ retryAfterMs: 10 });
  });

  test('counts on errors of another realm', async () => {
    expect(await verdictOn(foreign())).toBe('retry');
    expect(await verdictOn(permanent(foreign()))).toBe('stop');
    expect(await verdictOn(retryAfter(foreign(), 10))).toEqual({ retryAfterMs: 10 });
  });

  test('of another realm counts here, for its symbol is registered', async () => {
    const code = `Object.defineProperty(new Error('foreign'), Symbol.for('ostinato.verdict'), { value: 'stop' })`;
    expect(await verdictOn(foreign(code))).toBe('stop');
  });

  test('of a cause counts where the error outside has no verdict', async () => {
    const inner = permanent(new Error('inner'));
    expect(await verdictOn(new Error('outer', { cause: inner }))).toBe('stop');
    expect(await verdictOn(retryAfter(new Error('outer', { cause: inner }), 3))).toEqual({ retryAfterMs: 3 });
    expect(await verdictOn(Object.assign(new Error('outer', { cause: inner }), { status: 503 }))).toBe(
      'retry',
    );
  });

  test('that is no verdict is none', async () => {
    for (const value of ['maybe', true, null, { retryAfterMs: -1 }, { retryAfterMs: '5' }, 7])
      expect(await verdictOn(marked(value))).toBe('retry');
  });

  test('does not stand in the way of what throws at every touch', async () => {
    const touchy = new Proxy(new Error('touchy'), {
      get(): never {
        throw new Error('do not read');
      },
      defineProperty(): never {
        throw new Error('do not write');
      },
    });
    expect(await verdictOn(touchy)).toBe('retry');
    expect(permanent(touchy)).toBe(touchy);
    expect(await verdictOn(touchy)).toBe('stop');
  });
});

describe('a mark is refused', () => {
  test.each<[unknown, string]>([
    ['text', '"text"'],
    [5, '5'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
  ])('by the primitive %o, which cannot carry one', (primitive, shown) => {
    const refusal = new TypeError(`A mark: got ${shown}; only an object can carry one, use classify`);
    expect(() => permanent(primitive as object)).toThrow(refusal);
    expect(() => retryAfter(primitive as object, 5)).toThrow(refusal);
    expect(() => retryIn(primitive as object, 5)).toThrow(refusal);
  });

  test.each<[unknown, string]>([
    [NaN, 'NaN'],
    [-1, '-1'],
    ['5', '"5"'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('if its milliseconds are %j', (ms, shown) => {
    for (const [name, mark] of Object.entries({ retryAfter, retryIn })) {
      expect(() => mark(new Error('x'), ms as number)).toThrow(
        new TypeError(`${name}(error, ms): got ${shown} for ms; expected milliseconds, a number >= 0`),
      );
    }
  });

  test('never for a hint of 0, of a fraction, or of never', async () => {
    expect(await verdictOn(retryAfter(new Error('x'), 0))).toEqual({ retryAfterMs: 0 });
    expect(await verdictOn(retryAfter(new Error('x'), 0.5))).toEqual({ retryAfterMs: 0.5 });
    expect(await verdictOn(retryAfter(new Error('x'), Infinity))).toEqual({ retryAfterMs: Infinity });
  });
});
