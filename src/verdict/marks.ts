import { show } from '../show.js';
import { isVerdict, type Verdict } from './verdict.js';

// A mark is kept on the error itself, under a registered symbol: so it is seen by other copies of this package (ESM
// beside CJS) and across realms. Where nothing can be written on the error, one table of the realm keeps it.
export const MARK: unique symbol = /* @__PURE__ */ Symbol.for('ostinato.verdict');

type Marks = WeakMap<object, Verdict>;

/**
 * Says that trying again is useless. Returns the same object, with the mark on it (not enumerable); the last mark wins.
 *
 * @throws TypeError for a primitive: it cannot carry a mark, use `classify`.
 */
export function permanent<E extends object>(error: E): E {
  return mark(error, 'stop');
}

/**
 * Says that trying again makes sense after `ms` milliseconds (>= 0; Infinity means never), as a hint of the other side.
 * Returns the same object, with the mark on it (not enumerable); the last mark wins.
 *
 * @throws TypeError for a primitive (use `classify`), RangeError if `ms` is not >= 0.
 */
export function retryIn<E extends object>(error: E, ms: number): E {
  const verdict = { retryAfterMs: ms };
  if (!isVerdict(verdict)) throw new RangeError(`retryIn(error, ms): ms is a number >= 0, got ${show(ms)}`);
  return mark(error, verdict);
}

/** The mark on an error, if it carries one. Does not throw, whatever the error is. */
export function markOf(error: object): Verdict | undefined {
  // What is in the table is the latest: nothing can be written on the error any more.
  let found: unknown = table()?.get(error);
  try {
    found ??= (error as { [MARK]?: unknown })[MARK];
  } catch {
    // A proxy or a getter that throws: if it was marked, the table knows.
  }
  return isVerdict(found) ? found : undefined;
}

function mark<E extends object>(error: E, verdict: Verdict): E {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) {
    throw new TypeError(`Only an object can carry a mark, got ${show(error)}: use classify`);
  }
  if (!written(error, verdict)) {
    ((globalThis as Record<symbol, unknown>)[MARK] as Marks | undefined) ??= new WeakMap();
    table()!.set(error, verdict);
  }
  return error;
}

function written(error: object, value: Verdict): boolean {
  try {
    return Reflect.defineProperty(error, MARK, { value, configurable: true, writable: true });
  } catch {
    return false;
  }
}

const table = (): Marks | undefined => (globalThis as Record<symbol, unknown>)[MARK] as Marks | undefined;
