// A program whose global object is frozen before the first call, as hardened environments do.
import assert from 'node:assert/strict';
import { permanent, reportOf, retry, verdictOf } from '../../../dist/index.js';

Object.freeze(globalThis);

const error = new Error('boom');
for (const options of [undefined, { onEnd: () => {} }]) {
  await assert.rejects(
    retry(() => Promise.reject(error), { maxRetries: 1, baseDelayMs: 0 }, options),
    error,
  );
  assert.equal(reportOf(error).reason, 'retries-exhausted');
}
const frozen = Object.freeze(new Error('frozen'));
assert.equal(verdictOf(permanent(frozen)), 'stop');
