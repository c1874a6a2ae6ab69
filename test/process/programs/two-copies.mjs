import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as esm from '../../../dist/index.js';

const cjs = createRequire(import.meta.url)('../../../dist/index.cjs');
assert.notEqual(esm.retry, cjs.retry);

/** How many attempts a failure is worth to a copy, and after which hint. */
async function attempts(copy, error) {
  let calls = 0;
  let hintMs;
  await copy
    .retry(
      () => {
        calls++;
        throw error;
      },
      { maxRetries: 1, baseDelayMs: 0 },
      { onEnd: (report) => ({ hintMs } = report) },
    )
    .catch((thrown) => assert.equal(thrown, error));
  return { calls, hintMs };
}

const kinds = [() => new Error('plain'), () => Object.freeze(new Error('frozen'))];
for (const [marker, reader] of [
  [esm, cjs],
  [cjs, esm],
]) {
  for (const make of kinds) {
    const error = make();
    assert.deepEqual(await attempts(reader, error), { calls: 2, hintMs: undefined });
    marker.permanent(error);
    assert.deepEqual(await attempts(reader, error), { calls: 1, hintMs: undefined });
    // The last mark wins, whoever makes it.
    reader.retryAfter(error, 3);
    assert.deepEqual(await attempts(marker, error), { calls: 2, hintMs: 3 });
    marker.permanent(error);
    assert.deepEqual(await attempts(reader, error), { calls: 1, hintMs: undefined });
  }

  // The report of a call of one copy is known to the other, and the last call to end wins.
  for (const make of [...kinds, () => ({ state: 'pending' })]) {
    const outcome = make();
    const isError = outcome instanceof Error;
    for (const [copy, maxRetries] of [
      [marker, 0],
      [reader, 1],
    ]) {
      const operation = () => {
        if (isError) throw outcome;
        return outcome;
      };
      await copy
        .retry(operation, { maxRetries, baseDelayMs: 0 }, { classifyResult: () => 'retry' })
        .catch(() => {});
      assert.equal(marker.reportOf(outcome), reader.reportOf(outcome));
      assert.equal(marker.reportOf(outcome).attempts.length, maxRetries + 1);
    }
  }

  // A time limit of the other copy is a time limit, though its cause would stop.
  let thrown;
  await marker
    .retry(
      ({ attempt }) =>
        attempt === 1 ? Promise.reject(Object.assign(new Error(), { status: 404 })) : new Promise(() => {}),
      {
        maxRetries: 1,
        baseDelayMs: 0,
        attemptTimeoutMs: 5,
      },
      { classify: () => 'retry' },
    )
    .catch((error) => (thrown = error));
  assert.equal(thrown.name, 'TimeoutError');
  assert.equal(thrown.cause.status, 404);
  assert.deepEqual(await attempts(reader, thrown), { calls: 2, hintMs: undefined });
}
