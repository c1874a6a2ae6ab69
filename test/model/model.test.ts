import fc from 'fast-check';
import { test } from 'vitest';
import { definePolicy, type RetryPolicy } from '../../src/index.js';
import { runs } from '../support/runs.js';
import { arbitraryCommands } from './commands.js';
import { RetryModel } from './model.js';
import { RetrySubject } from './subject.js';

const limit = (largest: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(Infinity), fc.nat({ max: largest }));

/** Without jitter, and small: most sequences of commands are to reach most of its limits. */
const arbitraryPolicy: fc.Arbitrary<RetryPolicy> = fc
  .record({
    maxRetries: fc.nat({ max: 6 }),
    baseDelayMs: fc.constantFrom(0, 1, 100),
    factor: fc.constantFrom(1, 2),
    maxDelayMs: fc.constantFrom(50, 100, 1_000, Infinity),
    attemptTimeoutMs: limit(500).map((ms) => Math.max(1, ms)),
    maxElapsedMs: limit(5_000),
    maxRetryAfterMs: limit(5_000),
  })
  .map((spec) => definePolicy({ ...spec, jitter: 'none' }));

test('retry does what the model does, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryPolicy, arbitraryCommands, (policy, commands) => {
      const [hookError, abortReason] = [new Error('hook'), new Error('abort')];
      return fc.asyncModelRun(async () => {
        const real = new RetrySubject(policy, hookError, abortReason);
        const model = new RetryModel(policy, hookError, abortReason);
        await real.clock.advance(0);
        model.step(0);
        return { model, real };
      }, commands);
    }),
    runs(2_000, 200_000),
  );
});
