import { prepare } from './harness/contenders.mjs';
import { againstLoop } from './harness/limits.mjs';
import { concurrentCalls } from './harness/concurrent.mjs';

const CALLS = 100_000;
const FAILURES = 3;
const SPREAD_MS = 5_000;

/** What does a retry cost when every call waits for a moment of its own (full jitter: 0 to 5 s, so up to 15 s a round)? */
export default {
  title: 'Failing calls, delays spread over 5 s',
  unit: 'µs of CPU per retry',
  rounds: 5,
  // A process takes as long as the delays do, and only some rivals can spread delays from 0 upward: the two will do.
  contenders: ['loop', 'ostinato'],

  async measure(contender) {
    const warmUp = await prepare(contender, { retries: FAILURES, delayMs: 200, jitter: true });
    await concurrentCalls(warmUp, CALLS / 5, FAILURES);
    const call = await prepare(contender, { retries: FAILURES, delayMs: SPREAD_MS, jitter: true });
    return { value: await concurrentCalls(call, CALLS, FAILURES) };
  },

  mustReach: (rows) => againstLoop(rows, 0.9),
};
