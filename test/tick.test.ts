import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../src/time/system-clock.js';
import { type Tick, tickAt } from '../src/time/ticks.js';

let nowMs = 0;
let timers: { readonly ms: number; readonly fn: () => void }[] = [];
let cleared: number[] = [];

beforeEach(() => {
  nowMs = 10_000;
  timers = [];
  cleared = [];
  vi.stubGlobal('performance', { now: () => nowMs });
  vi.stubGlobal('setTimeout', (fn: () => void, ms: number) => timers.push({ ms, fn }));
  vi.stubGlobal('clearTimeout', (id: number) => cleared.push(id));
});
afterEach(() => void vi.unstubAllGlobals());

const inMs = (ms: number, unref = false): Tick => tickAt(nowMs + ms, systemClock, unref);

/** Lets the last timer fire, at a time of its own; tells whether the tick is reached by that. */
async function fires(tick: Tick, atMs: number): Promise<boolean> {
  nowMs = atMs;
  timers.at(-1)!.fn();
  return Promise.race([tick.reached.then(() => true), Promise.resolve().then(() => false)]);
}

describe('a tick', () => {
  test('is one for all who are due in the same millisecond, whenever they ask', () => {
    const tick = inMs(1_000);
    nowMs = 10_400.2;
    expect(inMs(600)).toBe(tick);
    expect(inMs(601)).not.toBe(tick);
    expect(inMs(599)).not.toBe(tick);
    expect(timers.map(({ ms }) => ms)).toEqual([1_000, 601, 599]);
  });

  test('is not the one of those who need not hold the process, be it due a millisecond sooner or later', () => {
    const ticks = [inMs(1_000), ...[999, 1_000, 1_001].map((ms) => inMs(ms, true))];
    expect(new Set(ticks).size).toBe(4);
    expect(inMs(1_000, true)).toBe(ticks[2]);
  });

  test('keeps them apart on a clock that begins below 0, too', () => {
    nowMs = -1_000;
    expect(inMs(499, true)).not.toBe(inMs(100));
    const ticks = [-1_000, -500, 0, 500].flatMap((ms) => [inMs(1_000 + ms), inMs(1_000 + ms, true)]);
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  test.each([0.4, 1])('whose timer fires %d ms early sets another one', async (earlyMs) => {
    const tick = inMs(1_000);
    expect(await fires(tick, 11_000 - earlyMs)).toBe(false);
    expect(timers.map(({ ms }) => ms)).toEqual([1_000, 1]);
    expect(await fires(tick, 11_000)).toBe(true);
  });

  test('waits for the last of those who are due', async () => {
    const tick = inMs(1_000);
    nowMs = 10_000.7;
    expect(inMs(1_000)).toBe(tick);
    expect(await fires(tick, 11_000.3)).toBe(false);
    expect(await fires(tick, 11_000.7)).toBe(true);
  });

  test('that is reached is nobody else’s', async () => {
    const tick = inMs(0);
    expect(await fires(tick, 10_000.1)).toBe(true);
    expect(inMs(0)).not.toBe(tick);
  });

  test('that all have left is nobody else’s, and its timer is gone', () => {
    const tick = inMs(1_000);
    inMs(1_000).leave();
    expect(inMs(1_000)).toBe(tick);
    tick.leave();
    expect(cleared).toEqual([]);
    tick.leave();
    expect(cleared).toEqual([1]);
    expect(inMs(1_000)).not.toBe(tick);
  });

  test.each(['setTimeout', 'Date'] as const)('is not waited for after %s was replaced', (name) => {
    const tick = inMs(1_000);
    const replaced = name === 'Date' ? class extends Date {} : setTimeout.bind(undefined);
    vi.stubGlobal(name, replaced);
    expect(inMs(1_000)).not.toBe(tick);
  });
});
