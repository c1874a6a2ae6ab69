import { vi } from 'vitest';

/** Runs with a list of what would be thrown as uncaught, and end the process. */
export async function withUncaught(run: (uncaught: readonly unknown[]) => Promise<void>): Promise<void> {
  const uncaught: unknown[] = [];
  vi.stubGlobal('queueMicrotask', (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      uncaught.push(error);
    }
  });
  try {
    await run(uncaught);
  } finally {
    vi.unstubAllGlobals();
  }
}
