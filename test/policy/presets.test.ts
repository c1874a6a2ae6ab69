import { describe, expect, test } from 'vitest';
import { definePolicy, delayFor, delayRange, presets, schedule } from '../../src/index.js';

const nominals = (name: keyof typeof presets): number[] =>
  schedule(presets[name]).map(({ nominalMs }) => nominalMs);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

test('the nominal delays of the presets are the ones documented', () => {
  expect(nominals('default')).toEqual([2_000, 4_000, 8_000, 16_000, 32_000]);
  expect(nominals('aggressive')).toEqual([
    1_000, 1_500, 2_250, 3_375, 5_063, 7_594, 11_391, 17_086, 25_629, 38_443,
  ]);
  expect(nominals('conservative')).toEqual([5_000, 10_000, 20_000]);
  expect(nominals('interactive')).toEqual([200, 400, 800]);
  expect(sum(nominals('default'))).toBe(62_000);
  expect(Math.round(sum(nominals('aggressive')) / 10) / 100).toBe(113.33);
  expect(sum(nominals('conservative'))).toBe(35_000);
});

describe.each(Object.entries(presets))('the preset %s', (_, preset) => {
  test('is a policy by the rules of all policies, with every key, and frozen', () => {
    expect(definePolicy(preset)).toEqual(preset);
    expect(Object.keys(preset)).toEqual(Object.keys(definePolicy({})));
    expect([preset, preset.jitter, preset.retryStatuses].every(Object.isFrozen)).toBe(true);
  });

  test('has the limits documented', () => {
    const interactive = {
      maxDelayMs: 2_000,
      maxRetryAfterMs: 10_000,
      attemptTimeoutMs: 10_000,
      maxElapsedMs: 30_000,
    };
    expect(preset).toMatchObject({
      maxDelayMs: 300_000,
      maxRetryAfterMs: 300_000,
      attemptTimeoutMs: Infinity,
      maxElapsedMs: Infinity,
      retryStatuses: [408, 429, '5xx'],
      ...(preset === presets.interactive && interactive),
    });
  });
});

test('default and aggressive add up to a quarter to their nominal delay, until the cap is near', () => {
  for (const preset of [presets.default, presets.aggressive]) {
    for (let retry = 1; preset.baseDelayMs * preset.factor ** (retry - 1) <= 300_000 / 1.25; retry++) {
      const nominal = preset.baseDelayMs * preset.factor ** (retry - 1);
      expect(delayRange(preset, retry)).toEqual({
        minMs: Math.round(nominal),
        maxMs: Math.round(nominal * 1.25),
      });
      expect(delayFor(preset, retry, () => 0.5)).toBe(Math.round(nominal * 1.125));
    }
  }
});

test('conservative lies on its nominal delay exactly', () => {
  for (const { retry, nominalMs, minMs, maxMs } of schedule(presets.conservative)) {
    expect([minMs, maxMs]).toEqual([nominalMs, nominalMs]);
    expect(delayFor(presets.conservative, retry)).toBe(nominalMs);
  }
});

test('interactive spreads each delay over all that is below its nominal one, up to two seconds', () => {
  for (const { retry, nominalMs, minMs, maxMs } of schedule(presets.interactive)) {
    expect([minMs, maxMs]).toEqual([0, nominalMs]);
    expect(delayFor(presets.interactive, retry, () => 0.5)).toBe(nominalMs / 2);
  }
  expect(delayRange(presets.interactive, 20)).toEqual({ minMs: 0, maxMs: 2_000 });
});

test('each preset is named where its cap is passed', () => {
  for (const [name, preset] of Object.entries(presets)) {
    expect(() => definePolicy({ baseDelayMs: 300_001 }, preset)).toThrow(
      `baseDelayMs: got 300001; expected at most maxDelayMs, ${preset.maxDelayMs} ms from presets.${name}; set maxDelayMs too`,
    );
  }
});

test('the presets cannot be changed', () => {
  expect(Object.isFrozen(presets)).toBe(true);
  expect(Object.keys(presets)).toEqual(['default', 'aggressive', 'conservative', 'interactive']);
});
