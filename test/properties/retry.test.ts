import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AttemptContext,
  type Clock,
  permanent,
  type Report,
  retry,
  retryAfter,
  retryIn,
  type RetryPolicy,
  seeded,
} from '../../src/index.js';
import { arbitraryOutcomes, arbitraryPolicy } from '../../src/testing/fast-check.js';
import { type Outcome, trace, type VirtualClock, virtualClock } from '../../src/testing/index.js';
import { runs } from '../support/runs.js';

/** Durations up to a month: more than one timer can hold, and not millions of timers. */
const monthMs = 30 * 86_400_000;
const atMost = (ms: number): number => Math.min(ms, monthMs);

const arbitraryLimits: fc.Arbitrary<RetryPolicy> = arbitraryPolicy({
  maxRetries: 8,
  maxDelayMs: monthMs,
}).map((policy) => ({ ...policy, maxRetryAfterMs: atMost(policy.maxRetryAfterMs) }));

const arbitraryEnds: fc.Arbitrary<Outcome[]> = arbitraryOutcomes().map((outcomes) =>
  outcomes.map((outcome) =>
    typeof outcome === 'object' && 'outcome' in outcome
      ? { ...outcome, durationMs: atMost(outcome.durationMs) }
      : outcome,
  ),
);

/** An operation that comes to the outcomes given, each after its time. */
function scripted(outcomes: readonly Outcome[], clock: Clock): (context: AttemptContext) => Promise<string> {
  return async ({ attempt }) => {
    const given = outcomes[attempt - 1] ?? 'success';
    const { outcome, durationMs } =
      typeof given === 'object' && 'outcome' in given ? given : { outcome: given, durationMs: 0 };
    if (durationMs > 0) await new Promise<void>((resolve) => clock.setTimer(durationMs, resolve, false));
    if (outcome === 'success') return 'ok';
    if (outcome === 'retry') throw new Error('retry');
    if (outcome === 'stop') throw permanent(new Error('stop'));
    if ('delayMs' in outcome) throw retryIn(new Error('exact'), outcome.delayMs);
    throw retryAfter(new Error('hint'), outcome.retryAfterMs);
  };
}

interface Run {
  readonly clock: VirtualClock;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Those that `retry` has set and not taken back; an attempt that was cut may have its own. */
  readonly liveTimers: number;
}

/** Runs the outcomes through `retry`, to its end. */
async function run(policy: RetryPolicy, outcomes: readonly Outcome[], seed: number): Promise<Run> {
  const clock = virtualClock();
  const ours = new Set<() => void>();
  const setTimer: Clock['setTimer'] = (ms, fire, unref) => {
    const cancel = clock.setTimer(ms, () => fireOnce(), unref);
    const fireOnce = (): void => {
      ours.delete(cancel);
      fire();
    };
    ours.add(cancel);
    return () => {
      ours.delete(cancel);
      cancel();
    };
  };
  const { signal } = new AbortController();
  let report: Report | undefined;
  const onEnd = (told: Report): void => void (report = told);
  await clock.runAll(
    retry(scripted(outcomes, clock), policy, {
      clock: { now: () => clock.now(), wallNow: () => clock.wallNow(), setTimer },
      signal,
      random: seeded(seed),
      onEnd,
    }).catch(() => {}),
  );
  return { clock, report: report!, signal, liveTimers: ours.size };
}

/** A report as the rows of a trace. */
const rowsOf = ({ ok, reason, attempts }: Report): unknown[] =>
  attempts.flatMap(({ attempt, startMs, durationMs, delayMs }) => {
    const atMs = startMs + durationMs;
    const end =
      delayMs !== undefined
        ? { atMs, attempt, event: 'retry', delayMs }
        : ok
          ? { atMs, attempt, event: 'success' }
          : { atMs, attempt, event: 'stop', reason };
    return [{ atMs: startMs, attempt, event: 'attempt' }, end];
  });

test('retry does what the trace of its policy says, to the millisecond', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLimits, arbitraryEnds, fc.nat(), async (policy, outcomes, seed) => {
      const { report } = await run(policy, outcomes, seed);
      expect(rowsOf(report)).toEqual(trace(policy, outcomes, { seed }));
    }),
    runs(1_000, 200_000),
  );
});

test('no attempt begins or runs past maxElapsedMs', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLimits,
      fc.nat({ max: 100_000 }),
      arbitraryEnds,
      fc.nat(),
      async (limits, maxElapsedMs, outcomes, seed) => {
        const { report, clock } = await run({ ...limits, maxElapsedMs }, outcomes, seed);
        for (const { attempt, startMs, durationMs } of report.attempts) {
          expect(startMs < maxElapsedMs || attempt === 1).toBe(true);
          expect(startMs + durationMs).toBeLessThanOrEqual(maxElapsedMs);
        }
        expect(report.elapsedMs).toBeLessThanOrEqual(maxElapsedMs);
        expect(clock.now()).toBeLessThanOrEqual(maxElapsedMs);
      },
    ),
    runs(),
  );
});

test('the number of attempts is what is needed, or maxRetries + 1', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryPolicy({ timeless: true, maxRetries: 12, maxDelayMs: monthMs }),
      fc.nat({ max: 15 }),
      async (policy, failures) => {
        const { report } = await run(
          policy,
          Array.from({ length: failures }, () => 'retry' as const),
          1,
        );
        expect(report.attempts.length + report.droppedAttempts).toBe(
          Math.min(failures, policy.maxRetries) + 1,
        );
        expect(report.ok).toBe(failures <= policy.maxRetries);
      },
    ),
    runs(),
  );
});

test('after the end no timer and no listener of the call is left', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryLimits, arbitraryEnds, fc.nat(), async (policy, outcomes, seed) => {
      const { liveTimers, signal } = await run(policy, outcomes, seed);
      expect(liveTimers).toBe(0);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }),
    runs(),
  );
});
