/** Whole bytes allocated per call of a function that has been warmed up. The smallest object there is takes 16. */
export function bytesPerCall(fn, calls = 100_000) {
  for (let i = 0; i < calls; i++) fn(i);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < calls; i++) fn(i);
  const bytes = process.memoryUsage().heapUsed - before;
  if (bytes < 0) throw new Error('the collector ran: fewer calls, please');
  return Math.round(bytes / calls);
}
