import { expect } from 'vitest';
import { definePolicy, type PolicySpec, type Report, retry, type Verdict } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

/** What every clock of these tests shows: 2026-01-01T00:00Z, for hints that name an instant. */
export const nowMs = Date.UTC(2026, 0, 1);

/** The built-in verdict on a failure, by what follows it in a call of one retry: another attempt, and after which hint. */
export async function verdictOn(error: unknown, spec: PolicySpec = {}): Promise<Verdict> {
  const clock = virtualClock();
  const policy = definePolicy({ maxRetries: 1, baseDelayMs: 0, maxRetryAfterMs: Infinity, ...spec });
  let calls = 0;
  const operation = (): never => {
    calls++;
    throw error;
  };
  let report: Report | undefined;
  const call = retry(operation, policy, {
    clock: { ...clock, wallNow: () => nowMs },
    onEnd: (told) => (report = told),
  });
  // Whatever it is, it comes out as it went in.
  await expect(clock.runAll(call)).rejects.toBe(error);
  if (!report) throw new Error('no report');
  if (report.hintMs !== undefined) return { retryAfterMs: report.hintMs };
  if (calls === 2 && report.reason === 'retries-exhausted') return 'retry';
  if (calls === 1 && report.reason === 'not-retryable') return 'stop';
  throw new Error(`${calls} calls, and then ${report.reason}`);
}
