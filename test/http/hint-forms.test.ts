import { describe, expect, test } from 'vitest';
import { readRetryHint } from '../../src/http/index.js';

const now = Date.UTC(2026, 10, 28, 4);
const read = (headers: Record<string, unknown>): number | undefined => readRetryHint(headers, now);
const iso = (ms: number): string => new Date(now + ms).toISOString();

describe.each(['RateLimit', 'X-RateLimit', 'X-Rate-Limit'])('%s-*', (prefix) => {
  const windows = (remaining: string, reset: string): number | undefined =>
    read({ [`${prefix}-Remaining`]: remaining, [`${prefix}-Reset`]: reset });

  test.each<[string, string, number | undefined]>([
    ['0, 14523', '1, 1419704', 1000],
    ['0,0', '1,1419704', 1_419_704_000],
    ['1, 0', '1, 1419704', 1_419_704_000],
    ['1, 2', '1, 1419704', undefined],
    ['9, 0, 0, 1', '1, 60, 30, 86400', 60_000],
    ['-1, 5', '7, 9', 7000],
    ['?, 5', '7, 9', 7000],
    ['0;w=1, 5;w=60', '7, 60', 7000],
    ['0, 5', '7;w=1, 60;w=60', 7000],
    ['76;w=21600', '3600', undefined],
    ['0;w=21600', '3600', 3_600_000],
    // They cannot be paired: whether anything is used up decides, and the longest wait counts.
    ['0, 5', '7', 7000],
    ['5, 6', '7', undefined],
    ['0', '1, 60', 60_000],
    ['5', '1, 60', undefined],
    ['', '7', 7000],
    ['0, 5', `${iso(9000)}, ${iso(60_000)}`, 9000],
    ['5, 0', '1s, 1m', 60_000],
  ])('with %j left is reset in %j: %s', (remaining, reset, expected) => {
    expect(windows(remaining, reset)).toBe(expected);
  });

  test.each<[string, number | undefined]>([
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1h', 3_600_000],
    ['1.5', 1500],
    [iso(90_000), 90_000],
    ['2026-11-28T05:00:30+01:00', 30_000],
    [iso(-90_000), 0],
    ['2026-11-28T04:01:00', undefined],
    ['2026-11-28', undefined],
    ['2026-02-31T04:01:00Z', undefined],
    ['1m 30s', undefined],
    ['-5', undefined],
  ])('reset in %j: %s', (reset, expected) => {
    expect(windows('0', reset)).toBe(expected);
  });

  test.each<[string, string, number]>([
    ['Retry-After', '30', 30_000],
    ['Retry-After', String((now + 60_000) / 1000), 60_000],
    ['Retry-After', new Date(now + 60_000).toUTCString(), 60_000],
    ['Retry-After-Seconds', '30', 30_000],
    ['Retry-After-Ms', '30', 30],
    ['Retry-After-Milliseconds', '30', 30],
    ['Reset-After', '30', 30_000],
    ['Reset-Ms', '30', 30],
    ['Reset-Ms', String(now + 90_000), 90_000],
    ['Reset-Milliseconds', '1500.5', 1501],
    ['Reset-Seconds', '30', 30_000],
  ])('%s: %s', (name, value, expected) => {
    expect(read({ [`${prefix}-${name}`]: value })).toBe(expected);
    expect(read(new Headers({ [`${prefix}-${name}`]: value }) as never)).toBe(expected);
  });
});

test.each<[Record<string, string>, number | undefined]>([
  [{ 'X-Retry-After': '30' }, 30_000],
  [{ 'X-Retry-After-Ms': '30' }, 30],
  [{ 'Retry-After-Milliseconds': '30' }, 30],
  [{ 'Retry-After': '1', 'X-RateLimit-Retry-After': '30' }, 1000],
  [{ 'X-RateLimit-Retry-After': '30', 'X-RateLimit-Reset': '60' }, 30_000],
  [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '55' }, 55_000],
  [{ 'x-ratelimit-remaining-tokens': '-3', 'x-ratelimit-reset-tokens': '55' }, 55_000],
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1.25' }, 1250],
  [{ 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '55' }, undefined],
  [{ 'x-ratelimit-reset-requests': '55' }, undefined],
  [{ 'x-rate-limit-reset-requests': '55' }, 55_000],
  [{ 'x-rate-limit-remaining-requests': '3', 'x-rate-limit-reset-requests': '55' }, undefined],
])('%j: %s', (headers, expected) => {
  expect(read(headers)).toBe(expected);
});
