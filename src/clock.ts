/**
 * Time as the core reads it. One of the two doors of the core to the world outside (the other is `random.ts`); pass one
 * of your own, such as the virtual clock of `ostinato/testing`, and hours pass in milliseconds.
 */
export interface Clock {
  /** Milliseconds that never run backwards, from any origin. */
  now(): number;
  /** Milliseconds since 1970, for hints that name an instant. */
  wallNow(): number;
  /** Calls `fn` once after `ms` (a whole number, at most 2^31 - 1); `unref`: it need not keep the process alive. Returns what cancels it. */
  setTimer(ms: number, fn: () => void, unref: boolean): () => void;
}

/** A longer timer fires at once, in Node and in browsers: its length is kept in a signed 32-bit integer. */
export const MAX_TIMER_MS = 0x7fff_ffff;

/** The time of the platform. Everything is looked up at each use, and called as a plain function, as browsers want it. */
export const platform: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(ms, fn, unref) {
    const clear = clearTimeout;
    const timer: unknown = setTimeout(fn, ms);
    if (unref) (timer as { unref?(): void }).unref?.();
    return () => clear(timer as number);
  },
};
