import { prepare, RIVALS } from './harness/contenders.mjs';
import { againstLoop } from './harness/limits.mjs';
import { ERROR } from './harness/operations.mjs';

const CALLS = 100_000;
const DELAY_MS = 600_000;

/** How much memory does a call hold while it waits for its retry? */
export default {
  title: 'Memory of a waiting call',
  unit: 'bytes of heap per call',
  rounds: 3,
  contenders: ['loop', 'ostinato', ...RIVALS],

  async measure(contender) {
    const call = await prepare(contender, { retries: 3, delayMs: DELAY_MS });
    let failures = 0;
    const operation = async () => {
      failures++;
      throw ERROR;
    };
    // A few calls first: what is created once must not be counted; they wait on, as the others will.
    const first = Array.from({ length: 100 }, () => call(operation));
    await untilWaiting();
    const pending = Array.from({ length: CALLS }, () => undefined);

    const before = await heapBytes();
    for (let i = 0; i < CALLS; i++) pending[i] = call(operation);
    await untilWaiting();
    const value = ((await heapBytes()) - before) / CALLS;
    if (failures !== first.length + pending.length) throw new Error('not every call is in its first delay');
    return { value };
  },

  mustReach: (rows) => againstLoop(rows, 1, { rivals: RIVALS }),
};

/** Long enough for every rejection to have been handled and every timer to be set. */
const untilWaiting = () => new Promise((resolve) => setTimeout(resolve, 500));

/** What is alive after the collector has run; a second time for what finalizers and weak references let go. */
async function heapBytes() {
  globalThis.gc();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
