import { describe, expect, test } from 'vitest';
import { type AttemptEvent, permanent, reportOf, type RetryOptions, withRetry } from '../src/index.js';
import { virtualClock } from '../src/testing/index.js';

const boom = new Error('boom');
async function fetchUser(_id: string, _options: object): Promise<void> {}

const quick = { maxRetries: 3, baseDelayMs: 0 };

describe('a wrapped function', () => {
  test('is called with the arguments and the `this` of each call, in every attempt', async () => {
    const seen: unknown[] = [];
    const account = {
      calls: 0,
      add: withRetry(async function (this: { calls: number }, ...numbers: number[]): Promise<number> {
        seen.push([this, ...numbers]);
        if (++this.calls < 3) throw boom;
        return numbers.reduce((sum, one) => sum + one, 0);
      }, quick),
    };
    expect(await account.add(1, 2, 3)).toBe(6);
    expect(seen).toEqual([1, 2, 3].map(() => [account, 1, 2, 3]));
  });

  test('may be synchronous, and gives a promise then', async () => {
    let calls = 0;
    const parse = withRetry((text: string): unknown => {
      if (++calls < 3) throw boom;
      return JSON.parse(text);
    }, quick);
    expect(await parse('{"a":1}')).toEqual({ a: 1 });
    expect(calls).toBe(3);
  });

  test('rejects, and never throws, with the last error untouched', async () => {
    const gone = permanent(new Error('gone'));
    const call = withRetry(() => {
      throw gone;
    }, quick)();
    await expect(call).rejects.toBe(gone);
    expect(reportOf(gone)).toMatchObject({ reason: 'not-retryable', attempts: [{ attempt: 1 }] });
  });

  test('has a policy, a count and a report of its own for each call', async () => {
    const errors = [new Error('a'), new Error('b')];
    const fail = withRetry((index: number) => Promise.reject(errors[index]), quick);
    await Promise.allSettled([fail(0), fail(1)]);
    for (const error of errors) expect(reportOf(error)!.attempts).toHaveLength(4);
  });

  test('keeps name and length', () => {
    const wrapped = withRetry(fetchUser);
    expect(wrapped.name).toBe('fetchUser');
    expect(wrapped).toHaveLength(2);
    expect(withRetry(() => 1).name).toBe('');
    expect(Object.keys(wrapped)).toEqual([]);
  });

  test('has the default policy if none is given', async () => {
    const clock = virtualClock();
    let calls = 0;
    const wrapped = withRetry(
      () => {
        calls++;
        throw boom;
      },
      undefined,
      { clock },
    );
    await expect(clock.runAll(wrapped())).rejects.toBe(boom);
    expect(calls).toBe(6);
  });

  test('is refused at once, and not at its first call, if the policy is none', () => {
    expect(() => withRetry(() => 1, { retries: 3 } as object)).toThrow('retries: got 3; use maxRetries');
    expect(() => withRetry(() => 1, null as never)).toThrow(TypeError);
  });

  test('keeps the policy it was given, whatever becomes of the spec', async () => {
    const spec = { maxRetries: 1, baseDelayMs: 0 };
    let calls = 0;
    const wrapped = withRetry(() => {
      calls++;
      throw boom;
    }, spec);
    spec.maxRetries = 9;
    await expect(wrapped()).rejects.toBe(boom);
    expect(calls).toBe(2);
  });
});

/** The name in the event of a call that succeeds. */
const namesOf = async (
  operation: () => unknown,
  given: RetryOptions | ((...args: never[]) => RetryOptions),
): Promise<unknown[]> => {
  const names: unknown[] = [];
  const onAttempt = (event: AttemptEvent): void => void names.push('name' in event ? event.name : 'none');
  const options = typeof given === 'function' ? () => ({ onAttempt, ...given() }) : { onAttempt, ...given };
  await withRetry(operation, quick, options as RetryOptions)();
  return names;
};
function fetchOrders(): number {
  return 1;
}

describe('the options of a wrapped function', () => {
  test('are those of every call', async () => {
    const events: number[] = [];
    const wrapped = withRetry(() => Promise.reject(boom), quick, {
      onRetry: ({ attempt }) => events.push(attempt),
    });
    await expect(wrapped()).rejects.toBe(boom);
    await expect(wrapped()).rejects.toBe(boom);
    expect(events).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('may come from the arguments of the call', async () => {
    const given: unknown[][] = [];
    const wrapped = withRetry(
      (_id: number, _options?: { signal: AbortSignal }) => new Promise<never>(() => {}),
      quick,
      (...args) => {
        given.push(args);
        return { signal: args[1]?.signal };
      },
    );
    const reason = new Error('enough');
    const options = { signal: AbortSignal.abort(reason) };
    await expect(wrapped(5, options)).rejects.toBe(reason);
    expect(given).toEqual([[5, options]]);
  });

  test('may come to nothing', async () => {
    const wrapped = withRetry(
      (a: number) => a,
      quick,
      () => undefined,
    );
    expect(await wrapped(7)).toBe(7);
  });

  test('have the name of the function for a name, unless they have one', async () => {
    for (const own of [undefined, null]) {
      expect(await namesOf(fetchOrders, { name: own })).toEqual(['fetchOrders']);
      expect(await namesOf(fetchOrders, () => ({ name: own }))).toEqual(['fetchOrders']);
    }
    expect(await namesOf(fetchOrders, {})).toEqual(['fetchOrders']);
    for (const own of ['orders', '']) {
      expect(await namesOf(fetchOrders, { name: own })).toEqual([own]);
      expect(await namesOf(fetchOrders, () => ({ name: own }))).toEqual([own]);
    }
  });

  test('have no name if the function has none', async () => {
    expect(await namesOf(() => 1, {})).toEqual(['none']);
    expect(
      await namesOf(
        () => 1,
        () => ({}),
      ),
    ).toEqual(['none']);
  });

  test('are left as they were given', async () => {
    const options = Object.freeze({ onEnd: () => {} });
    expect(await withRetry(fetchOrders, quick, options)()).toBe(1);
    expect(options).not.toHaveProperty('name');
  });

  test('that throw reject the call, and the function is not called', async () => {
    let calls = 0;
    const wrapped = withRetry(
      () => ++calls,
      quick,
      () => {
        throw boom;
      },
    );
    await expect(wrapped()).rejects.toBe(boom);
    expect(calls).toBe(0);
  });
});
