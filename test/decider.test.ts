import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptContext,
  decider,
  definePolicy,
  permanent,
  presets,
  type Random,
  retry,
  retryAfter,
  type RetryEvent,
  retryIn,
  seeded,
  type Verdict,
  verdictOf,
} from '../src/index.js';
import { arbitraryFailure, arbitraryPolicy } from '../src/testing/fast-check.js';
import { virtualClock } from '../src/testing/index.js';
import { runs } from './support/runs.js';

const boom = new Error('boom');
const broken = new Error('broken hook');
const breaks = (): never => {
  throw broken;
};
const policy = definePolicy({ maxRetries: 5, baseDelayMs: 100, jitter: 'full' });

/** Draws 0, 0.01, 0.02, … so that two draws never agree. */
function counting(): Random & { draws: () => number } {
  let draws = 0;
  return Object.assign(() => draws++ / 100, { draws: () => draws });
}

describe('verdictOf', () => {
  test('is what retry thinks of an error: marks, statuses, hints, causes, mistakes', () => {
    expect(verdictOf(boom)).toBe('retry');
    expect(verdictOf(undefined)).toBe('retry');
    expect(verdictOf(permanent(new Error('gone')))).toBe('stop');
    expect(verdictOf(retryAfter(new Error('hint'), 5))).toEqual({ retryAfterMs: 5 });
    expect(verdictOf(retryIn(new Error('exact'), 5))).toEqual({ delayMs: 5 });
    expect(verdictOf(new ReferenceError('x is not defined'))).toBe('stop');
    expect(verdictOf(new Error('outer', { cause: permanent(new Error('inner')) }))).toBe('stop');
  });

  test('goes by the retryStatuses of the policy, presets.default unless given', () => {
    const gone = Object.assign(new Error('gone'), { status: 404 });
    expect(verdictOf(gone)).toBe('stop');
    expect(verdictOf(gone, { retryStatuses: [404] })).toBe('retry');
    expect(verdictOf(gone, definePolicy({ retryStatuses: ['4xx'] }))).toBe('retry');
  });

  test('asks classify first, with attempt 1', () => {
    const given: [unknown, AttemptContext][] = [];
    const classify = (error: unknown, context: AttemptContext): Verdict | undefined => {
      given.push([error, context]);
      return error === boom ? 'stop' : undefined;
    };
    expect(verdictOf(boom, undefined, { classify })).toBe('stop');
    expect(verdictOf('text', undefined, { classify })).toBe('retry');
    expect(given.map(([error, { attempt }]) => [error, attempt])).toEqual([
      [boom, 1],
      ['text', 1],
    ]);
    expect(given[0]![1].signal.aborted).toBe(false);
  });

  test('reads the date of a hint by the clock given, and null is none', () => {
    const busy = Object.assign(new Error('busy'), {
      status: 503,
      headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' },
    });
    const clock = { wallNow: () => Date.UTC(2026, 0, 1) };
    expect(verdictOf(busy, undefined, { clock, classify: null })).toEqual({ retryAfterMs: 9_000 });
    // That date has passed.
    expect(verdictOf(busy, undefined, { clock: null })).toEqual({ retryAfterMs: 0 });
  });

  test('lets pass what classify throws, and refuses a wrong policy and a wrong verdict', () => {
    expect(() => verdictOf(boom, undefined, { classify: breaks })).toThrow(broken);
    expect(() => verdictOf(boom, undefined, { classify: () => true as never })).toThrow(TypeError);
    expect(() => verdictOf(boom, { maxRetries: -1 })).toThrow(TypeError);
    expect(() => verdictOf(boom, null as never)).toThrow(TypeError);
  });
});

describe('a decider', () => {
  test('says after which delay an attempt is retried, or why it is not', () => {
    const decide = decider({ ...policy, maxElapsedMs: 1_000, jitter: 'none' });
    expect(decide(boom, 1)).toEqual({ retry: true, delayMs: 100 });
    expect(decide(boom, 3)).toEqual({ retry: true, delayMs: 400 });
    expect(decide(boom, 6)).toEqual({ retry: false, reason: 'retries-exhausted' });
    expect(decide(permanent(new Error('gone')), 1)).toEqual({ retry: false, reason: 'not-retryable' });
    expect(decide(retryAfter(new Error('never'), Infinity), 1)).toEqual({
      retry: false,
      reason: 'hint-too-long',
    });
    expect(decide(retryIn(new Error('exact'), 7.5), 1)).toEqual({ retry: true, delayMs: 8 });
  });

  test('has presets.default without a policy, and takes a bare spec', () => {
    const delay = decider()(boom, 1);
    expect(delay.retry && delay.delayMs >= 2_000 && delay.delayMs <= 2_500).toBe(true);
    expect(decider()(boom, presets.default.maxRetries + 1).retry).toBe(false);
    expect(decider({ backoff: [7] })(boom, 1)).toEqual({ retry: true, delayMs: 7 });
  });

  test('counts elapsedMs from 0, and then maxElapsedMs limits one delay only', () => {
    const decide = decider({ ...policy, jitter: 'none', maxElapsedMs: 500 });
    expect(decide(new Error('x'), 1)).toEqual({ retry: true, delayMs: 100 });
    expect(decide(new Error('x'), 1, 399)).toEqual({ retry: true, delayMs: 100 });
    expect(decide(new Error('x'), 1, 400)).toEqual({ retry: false, reason: 'deadline' });
    expect(decide(new Error('x'), 4)).toEqual({ retry: false, reason: 'deadline' });
  });

  test('answers the same error object and attempt with the same decision, and draws once for it', () => {
    const random = counting();
    const decide = decider(policy, { random });
    const errors = [new Error('a'), Object.freeze(new Error('b')), () => {}];
    for (const error of errors) {
      const first = decide(error, 2);
      expect(decide(error, 2)).toEqual(first);
      expect(decide(error, 3)).not.toEqual(first);
      expect(decide(error, 2)).toEqual(first);
    }
    expect(random.draws()).toBe(6);
  });

  test('draws for each thrown primitive anew', () => {
    for (const primitive of ['text', undefined, null, 5, Symbol('s')]) {
      const random = counting();
      const decide = decider(policy, { random });
      expect(decide(primitive, 1)).not.toEqual(decide(primitive, 1));
      expect(random.draws()).toBe(2);
    }
  });

  test('shares no decision with another decider', () => {
    const random = counting();
    expect(decider(policy, { random })(boom, 1)).not.toEqual(decider(policy, { random })(boom, 1));
  });

  test('keeps the decisions on the last 16 attempts of one error, however often it is thrown', () => {
    const random = counting();
    const decide = decider({ ...policy, maxRetries: Infinity }, { random });
    for (let attempt = 1; attempt <= 100; attempt++) decide(boom, attempt);
    expect(random.draws()).toBe(100);
    for (let attempt = 85; attempt <= 100; attempt++) decide(boom, attempt);
    expect(random.draws()).toBe(100);
    // Older ones are decided anew.
    decide(boom, 84);
    expect(random.draws()).toBe(101);
  });

  test('calls classify and policyFor as retry does, once for each decision', () => {
    const given: unknown[] = [];
    const decide = decider(policy, {
      classify: (error, { attempt }) => {
        given.push(['classify', error, attempt]);
        return undefined;
      },
      policyFor: (error, { attempt }) => {
        given.push(['policyFor', error, attempt]);
        return { backoff: [attempt], maxRetries: 9 };
      },
    });
    expect(decide(boom, 7)).toEqual({ retry: true, delayMs: 7 });
    expect(decide(boom, 7)).toEqual({ retry: true, delayMs: 7 });
    expect(given).toEqual([
      ['policyFor', boom, 7],
      ['classify', boom, 7],
    ]);
  });

  test.each([
    ['classify', { classify: breaks }],
    ['policyFor', { policyFor: breaks }],
    ['random', { random: breaks }],
  ])('lets pass what %s throws, and asks again the next time', (_, options) => {
    const decide = decider(policy, options);
    expect(() => decide(boom, 1)).toThrow(broken);
    expect(() => decide(boom, 1)).toThrow(broken);
    expect(() => decide('primitive', 1)).toThrow(broken);
  });

  test('throws undefined too, if that is what classify throws', () => {
    const decide = decider(policy, {
      classify: () => {
        // oxlint-disable-next-line no-throw-literal
        throw undefined;
      },
    });
    let caught: unknown = 'nothing';
    try {
      decide(boom, 1);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeUndefined();
  });

  test('refuses a wrong policy at once, and a wrong verdict or choice when it is asked', () => {
    expect(() => decider({ maxRetries: -1 })).toThrow(TypeError);
    expect(() => decider(policy, { classify: () => 'maybe' as never })(boom, 1)).toThrow(TypeError);
    expect(() => decider(policy, { policyFor: () => ({ maxRetries: -1 }) })(boom, 1)).toThrow(TypeError);
    expect(() => decider(policy, { policyFor: () => null as never })(boom, 1)).toThrow(TypeError);
  });

  test.each([0, -1, 1.5, NaN, '1', undefined, null, 2 ** 53])(
    'takes attempt %o for the last one',
    (attempt) => {
      expect(decider(policy)(new Error('x'), attempt as number)).toEqual({
        retry: false,
        reason: 'retries-exhausted',
      });
    },
  );

  test('takes null for an option that is not given', () => {
    const options = { classify: null, policyFor: null, random: null, clock: null };
    expect(decider(policy, options)(boom, 1).retry).toBe(true);
  });
});

test('a decider decides what retry does, with the same seed, error by error', async () => {
  const day = 86_400_000;
  const arbitraryShort = arbitraryPolicy({ maxRetries: 8, maxDelayMs: day }).map((short) => ({
    ...short,
    attemptTimeoutMs: Infinity,
    maxRetryAfterMs: Math.min(short.maxRetryAfterMs, day),
  }));
  await fc.assert(
    fc.asyncProperty(
      arbitraryShort,
      fc.array(arbitraryFailure(), { minLength: 1, maxLength: 9 }),
      fc.nat(),
      async (short, failures, seed) => {
        const clock = virtualClock();
        const events: RetryEvent[] = [];
        let reason: string | undefined;
        const call = retry(
          ({ attempt }) => Promise.reject(failures[(attempt - 1) % failures.length]),
          short,
          {
            clock,
            random: seeded(seed),
            onRetry: (event) => void events.push(event),
            onEnd: (report) => ({ reason } = report),
          },
        );
        await clock.runAll(call).catch(() => {});

        const decide = decider(short, { random: seeded(seed), clock });
        let elapsedMs = 0;
        for (let attempt = 1; ; attempt++) {
          const decision = decide(failures[(attempt - 1) % failures.length], attempt, elapsedMs);
          if (!decision.retry) {
            expect(decision.reason).toBe(reason);
            expect(events).toHaveLength(attempt - 1);
            break;
          }
          expect(events[attempt - 1]).toMatchObject({ attempt, elapsedMs, delayMs: decision.delayMs });
          elapsedMs += decision.delayMs;
        }
      },
    ),
    runs(500, 100_000),
  );
});
