import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { retry } from '../../../dist/index.js';

process.on('warning', (warning) => {
  console.log(String(warning));
  process.exitCode = 1;
});

const limits = { attemptTimeoutMs: 60_000, baseDelayMs: 60_000 };

/** 10 000 calls, in attempts and in delays; their signals are read, so each attempt has one of its own too. */
const start = (signal) =>
  Array.from({ length: 10_000 }, (_, index) =>
    retry(
      (context) => {
        assert.equal(context.signal.aborted, false);
        return index % 2
          ? new Promise((resolve) => setTimeout(resolve, 50))
          : Promise.reject(new Error('boom'));
      },
      limits,
      { signal },
    ),
  );

const controller = new AbortController();
const { signal } = controller;
const calls = start(signal);
assert.equal(getEventListeners(signal, 'abort').length, 1);
await new Promise((resolve) => setTimeout(resolve, 200));
assert.equal(getEventListeners(signal, 'abort').length, 1);
controller.abort(new Error('enough'));
const ends = await Promise.allSettled(calls);
assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 5_000);
assert.ok(ends.every(({ status, reason }) => status === 'fulfilled' || reason === signal.reason));
assert.equal(getEventListeners(signal, 'abort').length, 0);

// The signal of a whole program, which nobody aborts.
const shared = new AbortController().signal;
for (let round = 0; round < 20; round++) {
  await Promise.all(Array.from({ length: 500 }, () => retry(async () => {}, limits, { signal: shared })));
}
assert.equal(getEventListeners(shared, 'abort').length, 0);
await new Promise((resolve) => setImmediate(resolve));
if (!process.exitCode) console.log('no warning');
