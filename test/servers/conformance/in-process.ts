import { type Clock, type PolicySpec, reportOf, retry, seeded } from '../../../src/index.js';
import { act, type Step } from '../handler.js';

/** The same steps through `retry`, on a clock whose time passes at once. */
export async function inProcess(policy: PolicySpec, steps: readonly Step[]) {
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    wallNow: () => Date.now(),
    setTimer(ms, fn) {
      queueMicrotask(() => {
        nowMs += ms;
        fn();
      });
      return () => undefined;
    },
  };
  const decisions: { attempt: number; delayMs: number | undefined; reason: string | undefined }[] = [];
  let attempts = 0;
  let thrown: unknown;
  await retry(
    ({ attempt, signal }) => {
      attempts = attempt;
      return act(steps[Math.min(attempt, steps.length) - 1] ?? 'ok', attempt, signal);
    },
    policy,
    {
      clock,
      random: seeded('the same everywhere'),
      onRetry: ({ attempt, delayMs }) => decisions.push({ attempt, delayMs, reason: undefined }),
    },
  ).catch((error: unknown) => {
    thrown = error;
  });
  const reason = reportOf(thrown)?.reason;
  return [...decisions, { attempt: attempts, delayMs: undefined, reason }];
}
