import { readFileSync } from 'node:fs';
import { definePolicy, delayFor, presets, seeded } from 'ostinato';
import { runHerd } from './harness/contention.mjs';
import { atMost } from './harness/limits.mjs';

const recorded = JSON.parse(readFileSync(new URL('vectors/herd.json', import.meta.url), 'utf8'));
const { base_ms: BASE_MS, cap_ms: CAP_MS } = recorded.parameters;
const CLIENTS = Array.from({ length: 20 }, (_, i) => (i + 1) * 10);
const SHOWN = 100;
const TRIALS = 300;

const expo = (n) => Math.min(CAP_MS, BASE_MS * 2 ** n);

// The strategies of the simulator, as it defines them: each client gets `(n, uniform) => ms` of its own.
const KNOWN = {
  none: () => () => 0,
  exponential: () => expo,
  equal: () => (n, uniform) => expo(n) / 2 + (uniform() * expo(n)) / 2,
  full: () => (n, uniform) => uniform() * expo(n),
  decorrelated: () => {
    let last = BASE_MS;
    return (_, uniform) => (last = Math.min(CAP_MS, BASE_MS + uniform() * (3 * last - BASE_MS)));
  },
};

// The same contention, with delays from a policy. Retry 1 of the simulator's doubling is twice its base.
const scaled = (jitter) => ({ backoff: 'exponential', baseDelayMs: 2 * BASE_MS, maxDelayMs: CAP_MS, jitter });
const POLICIES = {
  'jitter none': scaled('none'),
  'jitter equal': scaled('equal'),
  'jitter full': scaled('full'),
  'jitter [1, 1.25]': scaled([1, 1.25]),
  'jitter [0.5, 1.5]': scaled([0.5, 1.5]),
  'backoff decorrelated': { backoff: 'decorrelated', baseDelayMs: BASE_MS, maxDelayMs: CAP_MS },
  'presets.default': presets.default,
  'presets.aggressive': presets.aggressive,
  'presets.conservative': presets.conservative,
};

// What a policy of ours has to agree with, where the strategy is the same one.
const SAME_AS = {
  'jitter none': 'exponential',
  'jitter equal': 'equal',
  'jitter full': 'full',
  'backoff decorrelated': 'decorrelated-clipped',
};

/** How much work and time does it take a herd of clients, all writing one row, to get through? */
export default {
  title: `Contention: calls and time until all of ${SHOWN} clients have written`,
  unit: `calls, ${SHOWN} clients`,
  columns: { timeMs: 'time, ms', worst: 'standard errors off' },
  // The draws are seeded: every round would be the same.
  rounds: 1,
  contenders: [...Object.keys(KNOWN), ...Object.keys(POLICIES)],
  label: (contender) => (contender in POLICIES ? `ostinato, ${contender}` : contender),

  measure(contender) {
    const points = Object.fromEntries(
      CLIENTS.map((clients) => [clients, runHerd(clients, TRIALS, strategyOf(contender, clients))]),
    );
    const { calls, timeMs } = points[SHOWN];
    const reference = recorded.strategies[SAME_AS[contender] ?? contender];
    return { value: calls, timeMs, ...(reference && { worst: worstOf(points, reference) }), points };
  },

  mustReach: (rows) =>
    rows
      .filter(({ worst }) => worst !== undefined)
      .map(({ contender, worst }) => atMost(`${contender}: standard errors off, at worst`, worst, 4)),
};

function strategyOf(contender, clients) {
  if (contender in KNOWN) return KNOWN[contender];
  const policy = definePolicy(POLICIES[contender]);
  return (trial, client) => {
    const random = seeded(`${contender} ${clients} ${trial} ${client}`);
    return (n) => delayFor(policy, n, random);
  };
}

/** The largest distance from the recorded means, in their standard errors, over all sizes of the herd, calls and time. */
function worstOf(points, reference) {
  return Math.max(
    ...CLIENTS.flatMap((clients) => {
      const [calls, callsError, timeMs, timeError] = reference[clients];
      const ours = points[clients];
      return [Math.abs(ours.calls - calls) / callsError, Math.abs(ours.timeMs - timeMs) / timeError];
    }),
  );
}
