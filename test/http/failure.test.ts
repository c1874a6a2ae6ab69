import { describe, expect, test } from 'vitest';
import { classifyFailure } from '../../src/http/failure.js';
import { requestSent } from '../../src/http/sent.js';
import { retry } from '../../src/index.js';
import { failureCases } from '../vectors/load.js';
import { revive } from './revive.js';

/** What cannot be known from the error alone is no part of the promise. */
const cases = failureCases.filter(({ recognisable }) => /^(?:structural|message)$/.test(recognisable));

const policy = { maxRetries: 1, baseDelayMs: 0, maxRetryAfterMs: Infinity };

/** How often an operation that always fails so is called. Timers fire at once, and the clock says they took their time. */
async function callsOf(error: unknown): Promise<number> {
  let calls = 0;
  let nowMs = 0;
  const setTimer = (ms: number, fire: () => void): (() => void) => {
    nowMs += ms;
    queueMicrotask(fire);
    return () => {};
  };
  const operation = (): never => {
    calls++;
    throw error;
  };
  const clock = { now: () => nowMs, wallNow: () => nowMs, setTimer };
  await expect(retry(operation, policy, { classify: classifyFailure, clock })).rejects.toBe(error);
  return calls;
}

describe('every recorded failure', () => {
  test.each(cases)('$id ($situation): $verdict, because $why', async (recorded) => {
    const error = revive(recorded.shape);
    const isUnknown = recorded.class === 'unknown' && classifyFailure(error) === undefined;
    if (!isUnknown) expect(await callsOf(error)).toBe(recorded.verdict === 'retry' ? 2 : 1);
    expect(requestSent(error) ?? null).toBe(recorded.requestSent);
  });
});
