import { describe, expect, test } from 'vitest';
import { Attempt } from '../../src/attempt/context.js';
import { type Limited, limited } from '../../src/attempt/time-limit.js';
import { definePolicy } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const policy = definePolicy({ attemptTimeoutMs: 100, maxElapsedMs: 1_000 });
const broken = new Error('no timers');

describe('an attempt with a time limit', () => {
  test('is cut off when the time is over, and says so, without a cause if nothing gives one', async () => {
    const clock = virtualClock();
    const context = new Attempt(3);
    const limit = limited(new Promise(() => {}), context, policy, 0, 0, clock);
    const rejected = expect(limit.result).rejects.toThrow('Attempt 3 was cut off by attemptTimeoutMs (100)');
    await clock.advance(99);
    expect([limit.wasCutOff, context.signal.aborted]).toEqual([false, false]);
    await clock.advance(1);
    await rejected;
    expect([limit.wasCutOff, context.signal.aborted]).toEqual([true, true]);
    expect((context.signal.reason as Error).cause).toBeUndefined();
  });

  test('is not cut off if it is over before, and leaves no timer when it is ended', async () => {
    const clock = virtualClock();
    const limit: Limited<string> = limited(Promise.resolve('value'), new Attempt(1), policy, 0, 0, clock);
    expect(await limit.result).toBe('value');
    limit.cancel();
    limit.cancel();
    expect(limit.wasCutOff).toBe(false);
    expect(clock.liveTimers).toBe(0);
  });

  test('has its signal aborted with what the clock throws, if the clock can set no timer', () => {
    const context = new Attempt(1);
    const clock = {
      ...virtualClock(),
      now: () => 0,
      setTimer: () => {
        throw broken;
      },
    };
    expect(() => limited(new Promise(() => {}), context, policy, 0, 0, clock)).toThrow(broken);
    expect(context.signal.reason).toBe(broken);
  });
});
