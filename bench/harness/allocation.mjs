const ROUNDS = 5;

/**
 * Whole bytes allocated per call of a function that is compiled. The smallest object there is takes 16. The least of
 * several rounds counts: on a busy machine the compiler, a thread of its own, may come late.
 */
export function bytesPerCall(fn, calls = 100_000) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    for (let i = 0; i < calls; i++) fn(i);
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) fn(i);
    const bytes = process.memoryUsage().heapUsed - before;
    if (bytes < 0) throw new Error('the collector ran: fewer calls, please');
    return Math.round(bytes / calls);
  });
  return Math.min(...rounds);
}
