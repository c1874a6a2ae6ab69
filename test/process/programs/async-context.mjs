// Calls in 50 async contexts, all due at the same time: their timers are shared, and one more context aborts some of them.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { retry } from '../../../dist/index.js';

const context = new AsyncLocalStorage();
const seen = new Map();
const note = (caller, place) => {
  assert.equal(context.getStore(), caller, `${place} of ${caller} ran in ${context.getStore()}`);
  const places = seen.get(caller) ?? new Set();
  seen.set(caller, places.add(place));
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A call that sees all there is: failures, a value that is refused, a time limit, hooks that take their time. */
function call(caller, options = {}) {
  return retry(
    async ({ attempt, signal }) => {
      note(caller, 'operation');
      signal.addEventListener('abort', () => note(caller, 'listener'));
      if (attempt === 1) throw new Error('first');
      if (attempt === 2) await new Promise(() => {});
      await sleep(1);
      note(caller, 'operation, later');
      return attempt;
    },
    // On a busy machine more than one attempt may be cut off.
    { maxRetries: 50, backoff: 'constant', baseDelayMs: 5, jitter: [1, 2], attemptTimeoutMs: 50 },
    {
      classify: () => note(caller, 'classify'),
      classifyResult: (attempt) => {
        note(caller, 'classifyResult');
        return attempt < 4 ? 'retry' : undefined;
      },
      onRetry: async () => {
        note(caller, 'onRetry');
        await sleep(1);
        note(caller, 'onRetry, later');
      },
      onEnd: () => note(caller, 'onEnd'),
      random: () => {
        note(caller, 'random');
        return 0.5;
      },
      ...options,
    },
  );
}

const callers = Array.from({ length: 50 }, (_, index) => `caller ${index}`);
const places = [
  'operation',
  'operation, later',
  'listener',
  'classify',
  'classifyResult',
  'random',
  'onRetry',
  'onRetry, later',
  'onEnd',
];

// Without options the first attempt is made before anything else is.
await Promise.all(
  callers.map((caller) =>
    context.run(caller, () =>
      retry(
        ({ attempt }) => {
          note(caller, 'bare operation');
          if (attempt < 4) throw new Error('again');
          return attempt;
        },
        { baseDelayMs: 2, jitter: 'none' },
      ),
    ),
  ),
);

const lastAttempts = await Promise.all(callers.map((caller) => context.run(caller, () => call(caller))));
assert.ok(lastAttempts.every((attempt) => attempt >= 4));
for (const caller of callers) {
  for (const place of places)
    assert.ok(seen.get(caller).has(place), `${place} of ${caller} was never called`);
}

// Another context aborts: in an attempt, in a delay and in a hook.
seen.clear();
for (const phase of ['attempt', 'delay', 'hook']) {
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = callers.map((caller) =>
    context.run(caller, () => {
      const hooks = {
        attempt: {},
        delay: { onRetry: () => note(caller, 'onRetry') },
        hook: { onRetry: () => new Promise(() => {}) },
      };
      const limits = { baseDelayMs: 60_000 };
      return retry(
        ({ signal: own }) => {
          own.addEventListener('abort', () => {});
          note(caller, 'operation');
          return phase === 'attempt' ? new Promise(() => {}) : Promise.reject(new Error('boom'));
        },
        limits,
        { signal, onEnd: () => note(caller, `onEnd after an abort in the ${phase}`), ...hooks[phase] },
      ).catch((error) => {
        note(caller, 'catch');
        return error;
      });
    }),
  );
  await sleep(5);
  const reason = new Error('enough');
  context.run('the one who aborts', () => controller.abort(reason));
  assert.deepEqual(new Set(await Promise.all(aborted)), new Set([reason]));
  for (const caller of callers) assert.ok(seen.get(caller).has(`onEnd after an abort in the ${phase}`));
}
