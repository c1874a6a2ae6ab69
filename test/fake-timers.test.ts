import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

type Package = typeof import('../src/index.js');

/** A copy of the package of its own, imported now. */
async function imported(): Promise<Package> {
  vi.resetModules();
  return import('../src/index.js');
}

/** Ten calls that fail twice, with delays of 1 s and 2 s that they share. */
function calls({ retry }: Package): Promise<number[]> {
  const call = async (): Promise<number> => {
    let attempts = 0;
    return retry(
      () => {
        if (++attempts < 3) throw new Error('boom');
        return attempts;
      },
      { backoff: [1_000, 2_000] },
    );
  };
  return Promise.all(Array.from({ length: 10 }, call));
}

const packages: readonly [string, (earlier: Package) => Promise<Package>][] = [
  ['before the package is imported', imported],
  ['after the package was imported', async (earlier) => earlier],
];

describe.each(packages)('timers that are faked %s', (_, choose) => {
  let real: Package;
  let ours: Package;

  // Twice in one file: the second time with other timers, of which the package must not remember the first.
  describe.each(['once', 'again'])('%s', () => {
    beforeEach(async () => {
      real ??= await imported();
      vi.useFakeTimers();
      ours ??= await choose(real);
    });
    afterEach(() => void vi.useRealTimers());

    test('decide when delays are over', async () => {
      const done = calls(ours);
      await vi.advanceTimersByTimeAsync(0);
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(2_999);
      let isDone = false;
      void done.then(() => (isDone = true));
      await vi.advanceTimersByTimeAsync(0);
      expect(isDone).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await done).toEqual(Array.from({ length: 10 }, () => 3));
      expect(vi.getTimerCount()).toBe(0);
    });

    test('are not waited for by those who come after them', async () => {
      void calls(ours);
      await vi.advanceTimersByTimeAsync(500);
      vi.useRealTimers();
      let attempts = 0;
      const operation = (): number => {
        if (++attempts < 3) throw new Error('boom');
        return attempts;
      };
      expect(await ours.retry(operation, { backoff: [1, 1] })).toBe(3);
    });
  });
});
