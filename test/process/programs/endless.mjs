// One call, 100 000 attempts. What it keeps after 20 000 is what it keeps after 100 000.
import assert from 'node:assert/strict';
import { reportOf, retry } from '../../../dist/index.js';

/** A clock whose time passes at once. */
function hastyClock() {
  let now = 0;
  return {
    now: () => now,
    wallNow: () => now,
    setTimer(ms, fn) {
      const timer = setImmediate(() => {
        now += ms;
        fn();
      });
      return () => clearImmediate(timer);
    },
  };
}

async function heapGrowth(operation, policy) {
  let [first, last] = [0, 0];
  const stop = new Error('enough');
  await assert.rejects(
    retry(
      (context) => {
        if (context.attempt === 20_000 || context.attempt === 100_000) {
          global.gc();
          [first, last] = [last, process.memoryUsage().heapUsed];
        }
        if (context.attempt > 100_000) throw stop;
        return operation(context);
      },
      { maxRetries: Infinity, baseDelayMs: 1, backoff: 'constant', ...policy },
      { clock: hastyClock(), classify: (error) => (error === stop ? 'stop' : undefined) },
    ),
    stop,
  );
  const { attempts, droppedAttempts } = reportOf(stop);
  assert.equal(attempts.length, 20);
  assert.equal(droppedAttempts, 100_001 - 20);
  return last - first;
}

// One small object kept of each attempt would be more than 4 MB. (Tables of weak maps grow by steps, up to some size.)
const limit = 4 * 2 ** 20;
const failing = await heapGrowth(({ attempt }) => Promise.reject(new Error(`attempt ${attempt}`)));
assert.ok(failing < limit, `failing attempts: ${failing} bytes`);
const hanging = await heapGrowth(() => new Promise(() => {}), { attemptTimeoutMs: 5 });
assert.ok(hanging < limit, `attempts that are cut off: ${hanging} bytes`);
