import { measure } from 'mitata';
import { prepare, RIVALS } from './harness/contenders.mjs';
import { againstLoop } from './harness/limits.mjs';

const CALLS = 100_000;

// One function for all contenders: settles at once, as a cached read does.
const operation = async () => 42;

/** What does retrying cost a call that does not fail? */
export default {
  title: 'A call that succeeds at once',
  unit: 'ns per call',
  rounds: 5,
  contenders: ['bare', 'loop', 'ostinato', 'ostinato-frozen', 'ostinato-unfrozen', ...RIVALS],

  async measure(contender) {
    const call = await prepare(contender, { retries: 3, delayMs: 1 });
    const stats = await measure(async () => {
      for (let i = 0; i < CALLS; i++) await call(operation);
    });
    return { value: stats.p50 / CALLS };
  },

  mustReach: (rows) => againstLoop(rows, 1.25, { rivals: RIVALS }),
};
