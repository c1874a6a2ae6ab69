import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retry } from '../src/index.js';
import { virtualClock } from '../src/testing/index.js';
import { followTimers, systemClock } from '../src/time/system-clock.js';

let nowMs = 0;
const unref = vi.fn();

beforeEach(() => {
  nowMs = 10_000;
  unref.mockClear();
  vi.stubGlobal('performance', { now: () => nowMs });
  // A function of its own for each test, as fake timers have.
  vi.stubGlobal('setTimeout', () => ({ unref }));
  vi.stubGlobal('clearTimeout', () => {});
});
afterEach(() => void vi.unstubAllGlobals());

describe('a timer of the platform', () => {
  test('holds the process, unless it is asked not to', () => {
    systemClock.setTimer(5, () => {}, false);
    expect(unref).toHaveBeenCalledTimes(0);
    systemClock.setTimer(5, () => {}, true);
    expect(unref).toHaveBeenCalledTimes(1);
  });

  test('may be a number, as in browsers', () => {
    vi.stubGlobal('setTimeout', () => 7);
    systemClock.setTimer(5, () => {}, true)();
  });
});

describe('the time of the platform', () => {
  test('does not follow a timer that is early by up to 1 ms, as real ones are', () => {
    const before = systemClock.now();
    followTimers(1, before + 1, before + 1);
    followTimers(1, before + 0.4, before + 0.4);
    expect(systemClock.now()).toBe(before);
  });

  test('does not follow a timer that is early by the step of a coarse clock, less than half its length', () => {
    const before = systemClock.now();
    followTimers(250, before + 100, before + 100);
    expect(systemClock.now()).toBe(before);
  });

  test('follows a timer that is earlier, and then every timer of that kind', () => {
    const before = systemClock.now();
    followTimers(1_000, before + 1_000, before + 1_000.5);
    expect(systemClock.now() - before).toBeCloseTo(1_000.5, 2);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before + 1_000.5);
    const later = systemClock.now();
    followTimers(1, later + 0.5, later + 0.5);
    expect(systemClock.now()).toBeGreaterThanOrEqual(later + 0.5);
  });

  test('never runs backwards for a timer that is late', () => {
    followTimers(100, systemClock.now() + 100, systemClock.now() + 100);
    nowMs += 500;
    const before = systemClock.now();
    followTimers(100, before - 50, before - 50);
    expect(systemClock.now()).toBe(before);
  });

  test('does not follow another clock', async () => {
    const before = systemClock.now();
    const clock = virtualClock();
    await clock.advance(3_600_000);
    const call = retry(() => Promise.reject(new Error('boom')), { maxRetries: 2 }, { clock }).catch(() => {});
    await clock.runAll(call);
    expect(systemClock.now()).toBe(before);
  });
});
