import { seeded } from '../index.js';
import { show } from '../internal.js';

/** How an operation fails: a number of times at the start, or a share of all calls. */
export interface FlakyOptions<Value> {
  /** This many calls fail first, then all succeed. Default 0. With `Infinity` all calls fail. */
  readonly failTimes?: number | undefined;
  /** The share of calls that fail, from 0 to 1; `seed` fixes which. Not together with `failTimes`. */
  readonly rate?: number | undefined;
  /** The error of a failing call, or a function that makes it from the number of the call, counted from 1. Default: `new Error('flaky: call 3 failed')`. */
  readonly error?: unknown;
  /** The value of a successful call. Default undefined. */
  readonly value?: Value | undefined;
  /** With `rate`: the same seed makes the same calls fail. Default 0. */
  readonly seed?: string | number | undefined;
}

/** An operation that fails as its options say, and counts its calls. */
export interface Flaky<Value> {
  (): Promise<Value>;
  /** The number of calls so far. */
  readonly calls: number;
  /** The number of failed calls so far. */
  readonly failures: number;
}

/**
 * An operation that fails as its options say: `retry(flaky({ failTimes: 2, value: 'ok' }))` needs three attempts.
 *
 * @throws RangeError if `rate` is not from 0 to 1, if `failTimes` is not a number >= 0, or if both are given.
 */
export function flaky<Value = undefined>(options: FlakyOptions<Value> = {}): Flaky<Value> {
  const { failTimes = 0, rate, error, value, seed = 0 } = options;
  checkOptions(options.failTimes, rate);
  const chance = seeded(seed);
  let calls = 0;
  let failures = 0;
  const operation = async (): Promise<Value> => {
    const call = ++calls;
    if (rate === undefined ? call > failTimes : chance(call) >= rate) return value as Value;
    failures++;
    throw typeof error === 'function' ? error(call) : (error ?? new Error(`flaky: call ${call} failed`));
  };
  return Object.defineProperties(operation, {
    calls: { get: () => calls },
    failures: { get: () => failures },
  }) as Flaky<Value>;
}

function checkOptions(failTimes?: number, rate?: number): void {
  if (failTimes !== undefined && rate !== undefined) {
    throw new RangeError('flaky: got failTimes and rate; expected one of them');
  }
  if (failTimes !== undefined && !(failTimes >= 0)) {
    throw new RangeError(`flaky: failTimes: got ${show(failTimes)}; expected a number >= 0`);
  }
  if (rate !== undefined && !(rate >= 0 && rate <= 1)) {
    throw new RangeError(`flaky: rate: got ${show(rate)}; expected a number from 0 to 1`);
  }
}
