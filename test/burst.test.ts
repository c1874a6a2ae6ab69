import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

type Burst = typeof import('../src/burst.js');

/** What the clock says next, in ms. */
let nowMs = 0;
/** What waits for the end of the turn. */
let endOfTurn: (() => void)[] = [];

const setImmediateStub = (fn: () => void): void => void endOfTurn.push(fn);

/** A copy of the module that remembers nothing, on a clock that is moved by hand. */
async function fresh(): Promise<Burst['burstReading']> {
  vi.resetModules();
  return (await import('../src/burst.js')).burstReading;
}

const endTurn = (): void => {
  for (const fn of endOfTurn.splice(0)) fn();
};

beforeEach(() => {
  nowMs = 1_000;
  endOfTurn = [];
  vi.stubGlobal('performance', { now: () => nowMs });
  vi.stubGlobal('setImmediate', setImmediateStub);
});
afterEach(() => void vi.unstubAllGlobals());

/** Two readings less than 50 µs apart. */
async function inBurst(): Promise<{
  read: Burst['burstReading'];
  shared: ReturnType<Burst['burstReading']>;
}> {
  const read = await fresh();
  read();
  nowMs += 0.03;
  return { read, shared: read() };
}

describe('a reading of the clock for calls that begin one right after the other', () => {
  test('is shared by 64 more, and no more', async () => {
    const { read, shared } = await inBurst();
    expect(shared.ms).toBe(1_000.03);
    nowMs += 5;
    for (let i = 0; i < 64; i++) expect(read()).toBe(shared);
    expect(read().ms).toBe(1_005.03);
    nowMs += 5;
    expect(read().ms).toBe(1_010.03);
  });

  test('is made anew where the one before is 50 µs old, or older', async () => {
    const read = await fresh();
    read();
    for (const stepMs of [0.0501, 1, 0.06, 1_000]) {
      nowMs += stepMs;
      expect(read().ms).toBe(nowMs);
    }
    expect(endOfTurn).toEqual([]);
  });

  test('is made anew where the clock stands still, as fake ones do, or runs backwards', async () => {
    const read = await fresh();
    const first = read();
    expect(read()).not.toBe(first);
    expect(read()).not.toBe(first);
    nowMs -= 0.01;
    expect(read().ms).toBe(nowMs);
    nowMs += 0.5;
    expect(read().ms).toBe(nowMs);
  });

  test('is not shared beyond the turn of the event loop, whose end is awaited once', async () => {
    const { read, shared } = await inBurst();
    expect(read()).toBe(shared);
    expect(endOfTurn).toHaveLength(1);
    nowMs += 0.01;
    for (let i = 0; i < 65; i++) read();
    expect(endOfTurn).toHaveLength(1);
    endTurn();
    nowMs += 3;
    expect(read().ms).toBe(1_003.04);
    // And in the next turn again.
    nowMs += 0.01;
    const next = read();
    nowMs += 3;
    expect(read()).toBe(next);
    expect(endOfTurn).toHaveLength(1);
  });

  test('is not shared where turns cannot be told', async () => {
    vi.stubGlobal('setImmediate', undefined);
    const { read, shared } = await inBurst();
    nowMs += 0.01;
    expect(read()).not.toBe(shared);
    nowMs += 5;
    expect(read().ms).toBe(nowMs);
  });

  test('is not shared with those who have come after timers were faked', async () => {
    const { read } = await inBurst();
    vi.stubGlobal('setImmediate', () => undefined);
    nowMs += 5;
    expect(read().ms).toBe(nowMs);
  });
});
