import { realmTable } from '../realm.js';
import { show } from '../show.js';
import { type Verdict, verdictIn } from './verdict.js';

// A mark is stored on the error itself, under a registered symbol: other copies of this package (ESM beside CommonJS)
// and other realms can read it. An error that cannot be written on is in a table of the realm.
const MARK = /* @__PURE__ */ Symbol.for('ostinato.verdict');
const table = /* @__PURE__ */ realmTable<Verdict>('ostinato.verdicts');

/**
 * Marks an error: do not try again. Returns the same object, with the mark on it (not enumerable). The last mark wins.
 *
 * @throws TypeError for a primitive, which cannot carry a mark: use `classify`.
 */
export const permanent = <E extends object>(error: E): E => mark(error, 'stop');

/**
 * Marks an error with the time the other side asked for (a hint), for example in `Retry-After`: the next delay is at
 * least `ms` milliseconds (>= 0; Infinity means never), and a hint above `maxRetryAfterMs` ends the call. For a delay of
 * exactly `ms`, chosen by your own code, use `retryIn`.
 *
 * Returns the same object, with the mark on it (not enumerable). The last mark wins.
 *
 * @throws TypeError for a primitive (use `classify`), and if `ms` is not a number >= 0.
 */
export const retryAfter = <E extends object>(error: E, ms: number): E =>
  mark(error, { retryAfterMs: duration('retryAfter', ms) });

/**
 * Marks an error with the delay to wait before the next attempt: exactly `ms` milliseconds (>= 0, rounded up). It counts
 * as a retry and obeys `maxElapsedMs`; cap, jitter, backoff and `maxRetryAfterMs` do not apply. For the time that a server
 * asked for, use `retryAfter`.
 *
 * Returns the same object, with the mark on it (not enumerable). The last mark wins.
 *
 * @throws TypeError for a primitive (use `classify`), and if `ms` is not a number >= 0.
 */
export const retryIn = <E extends object>(error: E, ms: number): E =>
  mark(error, { delayMs: duration('retryIn', ms) });

/** The mark on an error, if it has one. Does not throw, whatever the error is. */
export function markOf(error: object): Verdict | undefined {
  try {
    // The table first: it has the latest mark of an error that can no longer be written on.
    return verdictIn(table.get(error) ?? (error as { [MARK]?: unknown })[MARK]);
  } catch {
    // A proxy or a getter that throws has no mark that can be read.
    return undefined;
  }
}

/** Stores a mark on an error, or in the table if the error takes none. */
export function mark<E extends object>(error: E, verdict: Verdict): E {
  if (Object(error) !== error) {
    throw new TypeError(`A mark: got ${show(error)}; only an object can carry one, use classify`);
  }
  if (!written(error, verdict)) table.set(error, verdict);
  return error;
}

function duration(name: string, ms: number): number {
  if (typeof ms === 'number' && ms >= 0) return ms;
  throw new TypeError(`${name}(error, ms): got ${show(ms)} for ms; expected milliseconds, a number >= 0`);
}

function written(error: object, value: Verdict): boolean {
  try {
    return Reflect.defineProperty(error, MARK, { value, configurable: true, writable: true });
  } catch {
    return false;
  }
}
