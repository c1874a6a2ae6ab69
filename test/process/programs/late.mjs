// Attempts that fail after they were cut off, after their call was aborted, and hooks that do. Node ends the process at
// the first rejection that nobody handles.
import assert from 'node:assert/strict';
import { retry, withRetry } from '../../../dist/index.js';

const late = (ms) => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), ms));
const once = { maxRetries: 0, attemptTimeoutMs: 5 };
const controller = new AbortController();
const { signal } = controller;

const calls = [
  retry(() => late(30), once),
  retry(() => late(30), { maxRetries: 0, maxElapsedMs: 5 }),
  retry(() => late(30), {}, { signal }),
  withRetry(() => late(30), {}, { signal })(),
  retry(() => Promise.reject(new Error('boom')), {}, { signal, onRetry: () => late(30) }),
  retry(
    () => {
      controller.abort();
      return late(30);
    },
    {},
    { signal },
  ),
];
const ends = await Promise.allSettled(calls);
assert.ok(ends.every(({ status }) => status === 'rejected'));
await new Promise((resolve) => setTimeout(resolve, 80));
console.log('all late');
