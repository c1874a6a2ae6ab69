import { definePolicy, retry } from 'ostinato';
import { atMost } from './harness/limits.mjs';
import { ERROR } from './harness/operations.mjs';

const CALLS = 1_000;
const SPREAD_MS = 2_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const CONTENDERS = {
  loop: () => async (operation, delayMs) => {
    try {
      return await operation();
    } catch {
      await sleep(delayMs);
      return operation();
    }
  },
  ostinato() {
    const policies = Array.from({ length: SPREAD_MS }, (_, delayMs) => definePolicy({ backoff: [delayMs] }));
    return (operation, delayMs) => retry(operation, policies[delayMs]);
  },
};

/** How punctual is a retry whose timer is shared with all who are due in the same millisecond? */
export default {
  title: 'Lateness of a retry, 99th percentile, on an idle machine',
  unit: 'ms',
  columns: { earliest: 'earliest, ms' },
  rounds: 3,
  contenders: Object.keys(CONTENDERS),

  async measure(contender) {
    const call = CONTENDERS[contender]();
    await Promise.all(Array.from({ length: 100 }, (_, i) => lateMs(call, i)));
    // Evenly spread, in an order that has nothing to do with the time they are due.
    const delays = Array.from({ length: CALLS }, (_, i) => (i * 7_919) % SPREAD_MS);
    const pending = [];
    for (const delayMs of delays) {
      pending.push(lateMs(call, delayMs));
      // One call per turn: a burst of starts would be measured as lateness of the first ones.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const late = await Promise.all(pending);
    late.sort((a, b) => a - b);
    return { value: late[Math.floor(CALLS * 0.99)], earliest: late[0] };
  },

  mustReach(rows) {
    const { value, rounds } = rows.find(({ contender }) => contender === 'ostinato');
    const earliest = Math.min(...rounds.map((round) => round.earliest));
    return [atMost('ms late', value, 2), atMost('ms early', -earliest, 0)];
  },
};

/** From the failure to the second attempt, less the delay that was asked for. */
async function lateMs(call, delayMs) {
  let failedMs;
  let retriedMs;
  await call(async () => {
    if (failedMs === undefined) {
      failedMs = performance.now();
      throw ERROR;
    }
    retriedMs = performance.now();
  }, delayMs);
  return retriedMs - failedMs - delayMs;
}
