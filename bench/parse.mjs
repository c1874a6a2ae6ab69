import { parseRetryAfter } from 'ostinato';
import { do_not_optimize, measure } from 'mitata';
import { atMost } from './harness/limits.mjs';

const NOW_MS = Date.UTC(2026, 0, 1);
const LENGTH = 64 * 1024;

const ORDINARY = {
  seconds: '120',
  'IMF-fixdate': 'Thu, 01 Jan 2026 00:02:00 GMT',
  'RFC 850 date': 'Thursday, 01-Jan-26 00:02:00 GMT',
  'asctime date': 'Thu Jan  1 00:02:00 2026',
  'not a date': 'soon',
  'negative number': '-5',
};

// Each of these is read in quadratic or exponential time by some regular expression people have written for it.
const HOSTILE = {
  digits: (n) => '9'.repeat(n),
  blanks: (n) => `${' '.repeat(n)}x`,
  'blanks within': (n) => `1${' '.repeat(n)}1`,
  'day names': (n) => 'Thu, '.repeat(n / 5),
  'date, then digits': (n) => `Thu, 01 Jan 2026 00:02:00 ${'0'.repeat(n)}`,
  fractions: (n) => '1.'.repeat(n / 2),
  commas: (n) => ','.repeat(n),
};

/** Can a server slow us down with what it sends as Retry-After? */
export default {
  title: 'parseRetryAfter on ordinary and on hostile values of 64 kB',
  unit: 'ns per call',
  rounds: 3,
  contenders: [...Object.keys(ORDINARY), ...Object.keys(HOSTILE)],
  label: (contender) => (contender in HOSTILE ? `64 kB: ${contender}` : contender),

  async measure(contender) {
    if (contender in ORDINARY) return { value: await nsFor(ORDINARY[contender]) };
    return {
      value: fastestNs(HOSTILE[contender](LENGTH)),
      longer: fastestNs(HOSTILE[contender](8 * LENGTH)),
    };
  },

  // Linear: eight times the length takes eight times as long, and not 64 times; the slack is for the collector.
  mustReach: (rows) =>
    rows.flatMap(({ contender, value, longer }) =>
      contender in ORDINARY
        ? atMost(`${contender}, ns`, value, 1_000)
        : atMost(`${contender}, 512 kB / 64 kB`, longer / value, 20),
    ),
};

async function nsFor(text) {
  const stats = await measure(() => do_not_optimize(parseRetryAfter(text, NOW_MS)), { min_cpu_time: 200e6 });
  return stats.p50;
}

/** The fastest of some runs, by hand: long enough for the clock, too long for thousands of samples. */
function fastestNs(text) {
  let best = Infinity;
  for (let run = 0; run < 20; run++) {
    const before = performance.now();
    do_not_optimize(parseRetryAfter(text, NOW_MS));
    best = Math.min(best, performance.now() - before);
  }
  return best * 1e6;
}
