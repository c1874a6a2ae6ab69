import { definePolicy, delayFor, schedule, seeded } from 'ostinato';
import { do_not_optimize, measure } from 'mitata';
import { bytesPerCall } from './harness/allocation.mjs';
import { atMost } from './harness/limits.mjs';

const KINDS = {
  constant: { backoff: 'constant' },
  linear: { backoff: 'linear' },
  exponential: { backoff: 'exponential' },
  fibonacci: { backoff: 'fibonacci' },
  list: { backoff: [100, 200, 500, 1_000, 5_000], jitter: [1, 1.25] },
};
const RETRIES = 1_000_000;
// Nanoseconds of measuring; the rounds are what makes a figure reliable.
const BRIEFLY = { min_cpu_time: 200e6 };

/** What does it cost to compute a delay, and to list a million of them? */
export default {
  title: `delayFor with jitter, and schedule of ${RETRIES} retries`,
  unit: 'ns per delay',
  rounds: 3,
  columns: { bytes: 'bytes allocated' },
  contenders: [...Object.keys(KINDS), 'decorrelated', 'schedule'],
  label: (contender) => (contender === 'schedule' ? `schedule, ${RETRIES} rows` : `delayFor, ${contender}`),

  async measure(contender) {
    if (contender === 'schedule') return measureSchedule();
    const policy = definePolicy(KINDS[contender] ?? { backoff: contender });
    const random = seeded('job 42');
    const delay = (i) => delayFor(policy, (i & 15) + 1, random);
    let i = 0;
    const stats = await measure(() => do_not_optimize(delay(i++)), BRIEFLY);
    return { value: stats.p50, bytes: bytesPerCall(delay) };
  },

  // A decorrelated delay depends on the draws before it, and replays them: it is shown, but nothing is claimed.
  mustReach: (rows) =>
    rows
      .filter(({ contender }) => contender in KINDS)
      .flatMap(({ contender, value, bytes }) => [
        atMost(`${contender}, ns`, value, 60),
        atMost(`${contender}, bytes allocated`, bytes, 0),
      ]),
};

async function measureSchedule() {
  const policy = definePolicy({ maxRetries: RETRIES });
  const stats = await measure(() => do_not_optimize(schedule(policy)));
  return { value: stats.p50 / RETRIES };
}
