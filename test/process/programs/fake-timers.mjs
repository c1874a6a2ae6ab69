// The mock timers of node:test beside a real `performance`: limits are reached in their time, and real calls afterwards
// are right. `node fake-timers.mjs setTimeout` or `setTimeout,Date`.
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { reportOf, retry } from '../../../dist/index.js';

const apis = process.argv[2].split(',');
const settle = async () => {
  for (let turn = 0; turn < 80; turn++) await Promise.resolve();
};
const fail = () => Promise.reject(new Error('boom'));
const hang = () => new Promise(() => {});

/** Makes calls in mocked time, a millisecond at a time or in larger steps, and gives their reports. */
async function reports(calls, totalMs, stepMs) {
  mock.timers.enable({ apis });
  const ended = [];
  for (const [operation, policy, options] of calls)
    void retry(operation, policy, { ...options, onEnd: (report) => ended.push(report) }).catch(() => {});
  await settle();
  for (let passedMs = 0; passedMs < totalMs; passedMs += stepMs) {
    mock.timers.tick(stepMs);
    await settle();
  }
  mock.timers.reset();
  return ended;
}

const second = { backoff: 'constant', baseDelayMs: 1_000, jitter: 'none' };
for (const [totalMs, stepMs] of [
  [20_000, 1_000],
  [20_000, 100],
  [8_000, 1],
]) {
  const [deadline] = await reports(
    [[fail, { ...second, maxRetries: Infinity, maxElapsedMs: 5_000 }]],
    totalMs,
    stepMs,
  );
  assert.equal(deadline.reason, 'deadline');
  assert.equal(deadline.attempts.length, 5);

  const [cut] = await reports([[hang, { maxRetries: 0, maxElapsedMs: 5_000 }]], totalMs, stepMs);
  assert.equal(cut.reason, 'retries-exhausted');
  assert.equal(cut.attempts[0].error.name, 'TimeoutError');
  // The real time that passes meanwhile counts, too.
  assert.ok(cut.elapsedMs >= 5_000 && cut.elapsedMs < 6_000, `${cut.elapsedMs}`);

  const [timeouts] = await reports(
    [[hang, { ...second, maxRetries: 2, attemptTimeoutMs: 1_000 }]],
    totalMs,
    stepMs,
  );
  assert.equal(timeouts.reason, 'retries-exhausted');
  assert.equal(timeouts.attempts.length, 3);

  const [hook] = await reports(
    [[fail, { ...second, maxElapsedMs: 5_000 }, { onRetry: hang }]],
    totalMs,
    stepMs,
  );
  assert.equal(hook.reason, 'deadline');
}

// Delays of a few milliseconds, which real timers could not be told from: at most 2 ms more than they say.
for (const baseDelayMs of [0, 1, 2, 3]) {
  const [short] = await reports(
    [[fail, { ...second, baseDelayMs, maxRetries: 10 }]],
    10 * (baseDelayMs + 2),
    1,
  );
  assert.equal(short?.attempts.length, 11, `delays of ${baseDelayMs} ms`);
}

// Many calls that begin at any fraction of a millisecond are all due in time.
const many = await reports(
  Array.from({ length: 50 }, () => [fail, { ...second, maxRetries: 3 }]),
  3_004,
  1,
);
assert.equal(many.length, 50);

// A call that is left waiting when the mock goes keeps nobody from going on, and time is real again.
mock.timers.enable({ apis });
void retry(fail, { ...second, baseDelayMs: 20, maxRetries: 1 }).catch(() => {});
void retry(hang, { maxRetries: 0, attemptTimeoutMs: 20 }).catch(() => {});
await settle();
mock.timers.reset();
const startMs = performance.now();
const error = new Error('real');
await assert.rejects(
  retry(() => Promise.reject(error), { ...second, baseDelayMs: 20, maxRetries: 2, maxElapsedMs: 60_000 }),
  error,
);
const tookMs = performance.now() - startMs;
assert.ok(tookMs >= 40 && tookMs < 10_000, `${tookMs}`);
const report = reportOf(error);
assert.equal(report.reason, 'retries-exhausted');
assert.ok(report.elapsedMs >= 40 && report.elapsedMs <= tookMs + 1, `${report.elapsedMs} of ${tookMs}`);
await assert.rejects(retry(hang, { maxRetries: 0, attemptTimeoutMs: 20 }), { name: 'TimeoutError' });
console.log('done');
