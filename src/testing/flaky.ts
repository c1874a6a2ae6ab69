import { seeded } from '../index.js';

/** How an operation is to fail: the first so many times, or a share of all times. */
export interface FlakyOptions<Value> {
  /** The first so many calls fail, all others succeed. Default 0; `Infinity` never succeeds. */
  readonly failTimes?: number | undefined;
  /** The share of calls that fail, 0 to 1, at places fixed by `seed`. Not together with `failTimes`. */
  readonly rate?: number | undefined;
  /** What a failing call throws, or makes it: `(call) => error`, calls counted from 1. Default: `new Error('flaky: call 3 failed')`. */
  readonly error?: unknown;
  /** What a succeeding call returns. Default undefined. */
  readonly value?: Value | undefined;
  /** Where failures fall with `rate`. Default 0. */
  readonly seed?: string | number | undefined;
}

/** An operation that fails as told, and counts. */
export interface Flaky<Value> {
  (): Promise<Value>;
  /** Calls so far. */
  readonly calls: number;
  /** Calls that failed so far. */
  readonly failures: number;
}

/**
 * An operation that fails as told: `retry(flaky({ failTimes: 2, value: 'ok' }))` needs three attempts.
 *
 * @throws RangeError if `rate` is not from 0 to 1, `failTimes` is no count, or both are given.
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
    throw new RangeError('flaky: give failTimes or rate, not both');
  }
  if (failTimes !== undefined && !(failTimes >= 0)) {
    throw new RangeError(`flaky: failTimes is a number >= 0, got ${String(failTimes)}`);
  }
  if (rate !== undefined && !(rate >= 0 && rate <= 1)) {
    throw new RangeError(`flaky: rate is a number from 0 to 1, got ${String(rate)}`);
  }
}
