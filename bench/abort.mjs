import { prepare } from './harness/contenders.mjs';
import { atMost } from './harness/limits.mjs';
import { ERROR } from './harness/operations.mjs';

const FEW = 10_000;
const MANY = 100_000;
const operation = async () => {
  throw ERROR;
};

/** Do many calls on one signal start and stop in linear time? */
export default {
  title: `Calls on one signal: ${FEW} started and aborted (and ${MANY}, for ours)`,
  unit: 'µs per call, start and abort',
  rounds: 3,
  // The contenders that end a delay on abort. Those that add a listener per call are quadratic: no 100 000 for them.
  contenders: ['loop', 'ostinato', 'p-retry'],

  async measure(contender) {
    await startAndAbort(contender, 1_000);
    const few = await best(contender, FEW);
    if (contender !== 'ostinato') return { value: few.totalUs, few };
    return {
      value: few.totalUs,
      few,
      middle: await best(contender, 30_000),
      many: await best(contender, MANY),
    };
  },

  mustReach(rows) {
    const { few, many } = rows.find((row) => row.contender === 'ostinato');
    // Linear: the time per call does not depend on the number. The slack is for caches and the collector.
    return [
      atMost(`start: time per call at ${MANY} / at ${FEW}`, many.startUs / few.startUs, 2),
      atMost(`abort: time per call at ${MANY} / at ${FEW}`, many.abortUs / few.abortUs, 2),
    ];
  },
};

async function best(contender, calls) {
  const runs = [];
  for (let run = 0; run < 3; run++) runs.push(await startAndAbort(contender, calls));
  return runs.reduce((a, b) => (b.totalUs < a.totalUs ? b : a));
}

async function startAndAbort(contender, calls) {
  const controller = new AbortController();
  // The loop's own listeners are many by design: no warning about it.
  (await import('node:events')).setMaxListeners(0, controller.signal);
  const call = await prepare(contender, { retries: 3, delayMs: 600_000, signal: controller.signal });
  let rejected = 0;
  const pending = Array.from({ length: calls });
  globalThis.gc();

  const t0 = performance.now();
  for (let i = 0; i < calls; i++) pending[i] = call(operation).catch(() => rejected++);
  // Two turns of the event loop: by then every call is in its delay.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const t1 = performance.now();
  controller.abort();
  await Promise.all(pending);
  const t2 = performance.now();

  if (rejected !== calls) throw new Error('not every call was rejected');
  const perCall = (ms) => (ms * 1000) / calls;
  return { calls, startUs: perCall(t1 - t0), abortUs: perCall(t2 - t1), totalUs: perCall(t2 - t0) };
}
