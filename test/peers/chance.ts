/** Runs something with `Math.random` in our hands: this is where every one of these libraries gets its chance from. */
export async function withChance<T>(draw: () => number, run: () => T | Promise<T>): Promise<T> {
  const real = Math.random;
  Math.random = draw;
  try {
    return await run();
  } finally {
    Math.random = real;
  }
}

/** As `withChance`, for what is done at once. */
export function drawn<T>(draw: () => number, run: () => T): T {
  const real = Math.random;
  Math.random = draw;
  try {
    return run();
  } finally {
    Math.random = real;
  }
}

/**
 * The delays a library asks `setTimeout` for, one after each failure. `call` gets an operation that always fails and is
 * to run it through the library; its timers fire at once, so that a thousand retries take no time.
 */
export async function timersOf(
  draw: (retry: number) => number,
  call: (fail: () => Promise<never>) => Promise<unknown>,
): Promise<number[]> {
  const delays: number[] = [];
  const realTimeout = globalThis.setTimeout;
  let failed = false;
  // No timer between two attempts: a delay of 0.
  const noDelay = (): void => {
    if (failed) delays.push(0);
    failed = false;
  };
  const fail = async (): Promise<never> => {
    noDelay();
    failed = true;
    throw new Error('no');
  };
  const fakeTimeout = (callback: (...args: unknown[]) => void, ms: number, ...args: unknown[]): unknown => {
    // Other timers, of whole calls for example, are none of our business, and never fire.
    if (!failed) return realTimeout(() => {}, 0);
    failed = false;
    delays.push(ms);
    return setImmediate(callback, ...args);
  };
  globalThis.setTimeout = fakeTimeout as unknown as typeof setTimeout;
  try {
    await withChance(
      () => draw(delays.length + 1),
      () => call(fail).catch(() => {}),
    );
  } finally {
    globalThis.setTimeout = realTimeout;
  }
  return delays;
}
