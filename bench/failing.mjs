import { prepare, RIVALS } from './harness/contenders.mjs';
import { againstLoop } from './harness/limits.mjs';
import { concurrentCalls } from './harness/concurrent.mjs';

const CALLS = 20_000;
const FAILURES = 3;

/** What does a retry cost, apart from the waiting? */
export default {
  title: 'Failing calls, all due at the same moments',
  unit: 'µs of CPU per retry',
  rounds: 3,
  contenders: ['loop', 'ostinato', ...RIVALS],

  async measure(contender) {
    const call = await prepare(contender, { retries: FAILURES, delayMs: 1 });
    // The first warms up; of the others the best counts.
    const runs = [];
    for (let run = 0; run < 4; run++) runs.push(await concurrentCalls(call, CALLS, FAILURES));
    return { value: Math.min(...runs.slice(1)) };
  },

  mustReach: (rows) => againstLoop(rows, 0.85, { rivals: RIVALS }),
};
