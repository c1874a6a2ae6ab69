import { describe, expect, test } from 'vitest';
import { type PolicySpec, type Report, retry, type RetryOptions } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { broken, Fault, faultyClock, FaultySignal, type Mode, unhandled } from './faults.js';

const boom = new Error('boom');
const reason = new Error('the caller aborts');

/** A failure with a hint that names an instant, so that the wall clock is read. */
const busy = Object.assign(new Error('busy'), {
  status: 503,
  headers: { 'retry-after': 'Sat, 01 Jan 2000 00:00:05 GMT' },
});

type Sleep = (ms: number) => Promise<void>;

interface Case {
  readonly policy: PolicySpec;
  readonly attempts: readonly ((sleep: Sleep) => unknown)[];
  readonly options?: RetryOptions;
  readonly abortAtMs?: number;
}

const throws = (): never => {
  throw boom;
};
const rejects = async (sleep: Sleep): Promise<never> => {
  await sleep(3);
  throw boom;
};
const hangs = (): Promise<never> => new Promise(() => {});
const steady: PolicySpec = { maxRetries: 3, baseDelayMs: 100, jitter: 'none' };
const limits = { attemptTimeoutMs: 50, maxElapsedMs: 60_000 };
const month = 30 * 86_400_000;

/** Together they go through every step of a call. */
const cases: Record<string, Case> = {
  'a call that succeeds at once': { policy: steady, attempts: [() => 'done'] },
  'a call with every kind of failure': {
    policy: { ...steady, ...limits, maxRetries: 5 },
    attempts: [throws, rejects, hangs, () => Promise.reject(busy), () => 'refused', async () => 'done'],
    options: {
      classify: () => undefined,
      classifyResult: (value) => (value === 'refused' ? 'retry' : undefined),
      policyFor: () => ({ ...steady, maxRetries: 9 }),
      random: () => 0.5,
      onAttempt: () => {},
      onRetry: async () => {},
    },
  },
  'a call without limits': { policy: steady, attempts: [throws, rejects, () => 'done'] },
  'a call whose retries are used up': { policy: { ...steady, ...limits }, attempts: [rejects] },
  'attempts that are cut off': { policy: { ...steady, ...limits }, attempts: [hangs] },
  'attempts that fail after they were cut off': {
    policy: { ...steady, ...limits },
    attempts: [
      async (sleep) => {
        await sleep(75);
        throw boom;
      },
    ],
  },
  'a delay of two timers': {
    policy: { backoff: [month], maxDelayMs: month },
    attempts: [throws, () => 'done'],
  },
  'an onRetry that never ends, with a deadline': {
    policy: { ...steady, maxElapsedMs: 1_000 },
    attempts: [rejects],
    options: { onRetry: () => new Promise(() => {}) },
  },
  'an abort before the first attempt': { policy: steady, attempts: [rejects], abortAtMs: -1 },
  'an abort in an attempt': { policy: { ...steady, ...limits }, attempts: [hangs], abortAtMs: 20 },
  'an abort in an attempt without limits': { policy: steady, attempts: [throws, hangs], abortAtMs: 120 },
  'an abort in a delay': { policy: { ...steady, ...limits }, attempts: [rejects], abortAtMs: 60 },
  'an abort in onRetry': {
    policy: { ...steady, maxElapsedMs: 1_000 },
    attempts: [rejects],
    options: { onRetry: () => new Promise(() => {}) },
    abortAtMs: 60,
  },
};

interface Parts {
  readonly clock?: Fault;
  readonly signal?: Fault;
  readonly options?: RetryOptions;
}

const none = (): Fault => new Fault(0, 'once');

/** Plays a case, and checks that the call ends once and leaves nothing, whatever throws. Returns how it ended. */
async function play(given: Case, parts: Parts): Promise<unknown> {
  const watched = unhandled();
  const virtual = virtualClock();
  const sleep: Sleep = (ms) => new Promise((resolve) => void virtual.setTimer(ms, resolve, false));
  const { clock, live } = faultyClock(virtual, parts.clock ?? none());
  const signal = new FaultySignal(parts.signal ?? none());
  if (given.abortAtMs === -1) signal.abort(reason);
  else if (given.abortAtMs !== undefined)
    virtual.setTimer(given.abortAtMs, () => signal.abort(reason), false);

  const reports: Report[] = [];
  let outcome: unknown = 'still waiting';
  let left: unknown;
  const call = retry<unknown>(
    ({ attempt }) => given.attempts[Math.min(attempt, given.attempts.length) - 1]!(sleep),
    given.policy,
    {
      clock,
      signal: signal as unknown as AbortSignal,
      ...given.options,
      ...parts.options,
      onEnd: (report) => {
        reports.push(report);
        return parts.options?.onEnd?.(report);
      },
    },
  );
  let isRejected = false;
  const end = (came: unknown): void => {
    outcome = came;
    left = { timers: live.size, listeners: signal.listeners.size };
  };
  void call.then(end, (error: unknown) => {
    isRejected = true;
    end(error);
  });
  await virtual.runAll();
  await watched.stop();

  expect(outcome).not.toBe('still waiting');
  expect(left).toEqual({ timers: 0, listeners: 0 });
  expect(reports).toHaveLength(1);
  if (outcome === broken) expect([isRejected, reports[0]!.reason]).toEqual([true, 'hook-failed']);
  expect(watched.errors).toEqual([]);
  return outcome;
}

/** How often the code is called in a case, if it does not throw. */
async function callsOf(given: Case, part: 'clock' | 'signal'): Promise<number> {
  const fault = none();
  await play(given, { [part]: fault });
  return fault.calls;
}

const modes: readonly Mode[] = ['once', 'from then on'];

/** What throws, what the case ends with, or an error of this library's own: a time limit, an abort without a reason. */
const isPossible = (outcome: unknown): boolean =>
  [broken, boom, busy, reason, 'done'].includes(outcome as never) ||
  ['TimeoutError', 'AbortError'].includes((outcome as Error).name);

describe.each(Object.entries(cases))('%s', (_, given) => {
  test.each(modes)('ends once, whichever call of the clock throws: %s', async (mode) => {
    const calls = await callsOf(given, 'clock');
    for (let at = 1; at <= calls; at++) {
      const fault = new Fault(at, mode);
      const outcome = await play(given, { clock: fault });
      expect(fault.struck).toBe(true);
      expect(isPossible(outcome)).toBe(true);
    }
  });

  test.each(modes)('ends once, whichever call of the signal throws: %s', async (mode) => {
    const calls = await callsOf(given, 'signal');
    expect(calls).toBeGreaterThanOrEqual(2);
    for (let at = 1; at <= calls; at++) {
      const fault = new Fault(at, mode);
      const outcome = await play(given, { signal: fault });
      expect(fault.struck).toBe(true);
      expect(isPossible(outcome)).toBe(true);
    }
  });
});

test('a signal without a reason aborts with an AbortError', async () => {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    addEventListener: (_: string, listener: () => void) => listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
  };
  const call = retry(hangs, steady, { signal: signal as never });
  signal.aborted = true;
  for (const listener of listeners) listener();
  await expect(call).rejects.toMatchObject({ name: 'AbortError', message: 'The operation was aborted' });
  expect(listeners.size).toBe(0);
  await expect(retry(hangs, steady, { signal: signal as never })).rejects.toMatchObject({
    name: 'AbortError',
  });
});

describe('a call with a hook that fails', () => {
  const given = cases['a call with every kind of failure']!;
  const hooks = ['classify', 'classifyResult', 'policyFor', 'onRetry'] as const;
  const observers = ['onAttempt', 'onEnd'] as const;
  const ways: Record<string, (error: unknown) => unknown> = {
    throws: (error) => {
      throw error;
    },
    rejects: async (error) => {
      throw error;
    },
    'returns a thenable that throws': (error) => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then() {
        throw error;
      },
    }),
    'returns an object whose then throws': (error) => ({
      // oxlint-disable-next-line unicorn/no-thenable
      get then() {
        throw error;
      },
    }),
  };

  describe.each(Object.entries(ways))('because it %s', (way, fail) => {
    test.each(hooks)('ends once, at whichever call: %s', async (hook) => {
      // A promise is no verdict and no policy. A promise of onRetry is waited for.
      const isHeard = way === 'throws' || hook === 'onRetry';
      for (let at = 1; ; at++) {
        let calls = 0;
        const usual = given.options![hook] as (...args: unknown[]) => unknown;
        const faulty = (...args: unknown[]): unknown => (++calls === at ? fail(broken) : usual(...args));
        const outcome = await play(given, { options: { [hook]: faulty } });
        if (calls < at) break;
        if (isHeard) expect(outcome).toBe(broken);
        else expect(outcome === broken || outcome instanceof TypeError).toBe(true);
      }
    });

    test.each(observers)('is as if it had none: %s', async (hook) => {
      const options = { [hook]: () => fail(broken) };
      expect(await play(given, { options })).toBe('done');
    });
  });
});
