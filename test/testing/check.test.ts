import { describe, expect, test } from 'vitest';
import { presets, seeded } from '../../src/index.js';
import { assertSchedule, checkSchedule, type Subject } from '../../src/testing/index.js';

/** Jitter first and then the cap: every client waits exactly the cap. */
const cutOff: Subject = {
  delay: (retry, random) => Math.min(1_000, Math.round(100 * 2 ** (retry - 1) * (1 + random(retry)))),
  capMs: 1_000,
  baseMs: 100,
  jittered: true,
};

/** The cap first and then upward jitter, with fractions: no cap at all. */
const onTop: Subject = {
  ...cutOff,
  delay: (retry, random) => Math.min(1_000, 100 * 2 ** (retry - 1)) + 100 * random(retry),
};

/** A subject with `ownRandom`, whose numbers are the same in every run so that the tests are. */
const own = (delay: (retry: number, draw: number) => number): Subject => {
  const stream = seeded('own');
  let calls = 0;
  return {
    delay: (retry) => Math.floor(delay(retry, stream(++calls))),
    capMs: 1_000,
    baseMs: 100,
    jittered: true,
    ownRandom: true,
  };
};

const growing = (retry: number): number => 100 * 2 ** (retry - 1);

const lawsBroken = (subject: Subject): string[] => checkSchedule(subject).violations.map(({ law }) => law);

describe('checkSchedule', () => {
  test('passes the presets', () => {
    for (const policy of Object.values(presets)) {
      expect(checkSchedule(policy, { seed: 1 })).toMatchObject({ ok: true, violations: [], seed: 1 });
    }
  });

  test('gives each broken law once, with the smallest counterexample and the seed', () => {
    const { ok, violations, seed } = checkSchedule(onTop, { seed: 1 });
    expect({ ok, seed }).toEqual({ ok: false, seed: 1 });
    expect(violations).toEqual([
      {
        law: 'finite',
        message: 'the delay is not a whole number',
        retry: 1,
        delay: 112.5,
        draw: 0.125,
        seed: 1,
      },
      { law: 'within-cap', message: 'the cap is 1000 ms', retry: 5, delay: 1_050, draw: 0.5, seed: 1 },
    ]);
  });

  test('counterexamples lead to their delay again', () => {
    for (const { retry, delay, draw, stream } of checkSchedule(onTop).violations) {
      const random = stream === undefined ? () => draw! : seeded(stream);
      expect(onTop.delay(retry, random)).toBe(delay);
    }
  });

  test('counts the calls of delay', () => {
    let asked = 0;
    const { runs } = checkSchedule({ ...cutOff, delay: () => ++asked && 100 }, { seed: 1 });
    expect(runs).toBe(asked);
  });

  test('the same seed gives the same result; without one, each check has its own seed', () => {
    expect(checkSchedule(cutOff, { seed: 7 })).toEqual(checkSchedule(cutOff, { seed: 7 }));
    expect(checkSchedule(cutOff).seed).not.toBe(checkSchedule(cutOff).seed);
  });

  test('checks only the laws and the retries of its options', () => {
    expect(checkSchedule(onTop, { laws: ['within-cap'] }).violations.map(({ law }) => law)).toEqual([
      'within-cap',
    ]);
    expect(checkSchedule(onTop, { laws: ['within-cap'], retries: [1, 2, 3, 4] }).ok).toBe(true);
  });

  test('refuses retries that do not rise from 1', () => {
    for (const retries of [[], [0, 1], [2, 1], [1, 1], [1.5]]) {
      expect(() => checkSchedule(cutOff, { retries })).toThrow(RangeError);
    }
  });
});

describe('assertSchedule', () => {
  test('does not throw if the schedule keeps the laws', () => {
    assertSchedule(presets.default);
  });

  test('throws with the law in words, the smallest counterexample, and the call that repeats it', () => {
    expect(() => assertSchedule(cutOff, { seed: 42 })).toThrow(
      `The schedule breaks a law (after 5602 delays)
{ seed: 42, laws: ['spread-at-cap'] }

spread-at-cap: jitter does not collapse at the cap: many clients must not all wait exactly the same time
  Counterexample: retry 4, draw 0.5 gives 1000 ms
  Got: 55 of 64 clients wait exactly 1000 ms
  Try: subject.delay(4, () => 0.5)

To replay: checkSchedule(subject, { seed: 42 })`,
    );
  });

  test('carries the violations as its cause', () => {
    let thrown: unknown;
    try {
      assertSchedule(onTop, { seed: 1 });
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toContain('The schedule breaks 2 laws');
    expect((thrown as Error).cause).toEqual(checkSchedule(onTop, { seed: 1 }).violations);
  });
});

describe('a subject that draws its own random numbers', () => {
  test.each([
    ['full', (retry: number, draw: number) => draw * Math.min(1_000, growing(retry))],
    ['equal', (retry: number, draw: number) => (0.5 + draw / 2) * Math.min(1_000, growing(retry))],
    ['upward under the cap', (retry: number, draw: number) => (1 + draw / 4) * Math.min(800, growing(retry))],
    ['skewed', (retry: number, draw: number) => draw ** 2 * Math.min(1_000, growing(retry))],
  ])('passes with %s jitter', (_, delay) => {
    expect(lawsBroken(own(delay))).toEqual([]);
  });

  test('fails with jitter that the cap cuts off', () => {
    expect(lawsBroken(own((retry, draw) => Math.min(1_000, (1 + draw) * growing(retry))))).toContain(
      'spread-at-cap',
    );
  });

  test('fails above the cap, and the violation has no draw', () => {
    const [violation] = checkSchedule(
      own((retry, draw) => Math.min(1_000, growing(retry)) + 100 * draw),
    ).violations;
    expect(violation).toMatchObject({ law: 'within-cap', retry: 5 });
    expect(violation).not.toHaveProperty('draw');
  });

  test('fails with a gap, with shrinking delays, and with a wrong base', () => {
    expect(lawsBroken(own((_, draw) => (draw < 0.5 ? 0 : 500) + 200 * draw))).toEqual(['spread']);
    expect(lawsBroken(own((retry, draw) => (retry === 9 ? 100 : 600) * draw))).toEqual(['monotone']);
    expect(lawsBroken(own((retry, draw) => (0.5 + draw / 2) * Math.min(1_000, 4 * growing(retry))))).toEqual([
      'first-is-base',
    ]);
  });
});
