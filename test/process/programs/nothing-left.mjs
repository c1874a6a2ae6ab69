// Each of these calls has had an hour. Were a timer left, the process would take it.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { retry } from '../../../dist/index.js';

const hour = 3_600_000;
const limits = { attemptTimeoutMs: hour, maxElapsedMs: 2 * hour, baseDelayMs: 0 };
const { signal } = new AbortController();

const third = async ({ attempt }) => {
  if (attempt < 3) throw new Error('boom');
};
await Promise.all(Array.from({ length: 30 }, () => retry(third, limits, { signal })));
await assert.rejects(retry(third, { ...limits, maxRetries: 0 }, { signal }));

const controller = new AbortController();
const waiting = [
  retry(() => new Promise(() => {}), limits, { signal: controller.signal }),
  retry(
    () => Promise.reject(new Error('boom')),
    { baseDelayMs: hour, maxDelayMs: hour },
    { signal: controller.signal },
  ),
];
setTimeout(() => controller.abort(), 10);
await Promise.allSettled(waiting);

assert.equal(getEventListeners(signal, 'abort').length, 0);
assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
assert.deepEqual(
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout'),
  [],
);
console.log('ended');
