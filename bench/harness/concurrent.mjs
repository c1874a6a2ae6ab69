import { failing } from './operations.mjs';

/** Starts so many calls at once, waits for all, and tells the CPU time (all threads, the collector's too) per retry, in µs. */
export async function concurrentCalls(call, calls, failures) {
  const operations = Array.from({ length: calls }, () => failing(failures));
  const pending = Array.from({ length: calls });
  globalThis.gc();
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) pending[i] = call(operations[i]);
  const results = await Promise.all(pending);
  const { user, system } = process.cpuUsage(before);
  if (results.some((result) => result !== 42)) throw new Error('a call gave a wrong result');
  return (user + system) / (calls * failures);
}
