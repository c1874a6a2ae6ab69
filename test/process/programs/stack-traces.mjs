// Prints the stack of the error at each attempt, for each way to call, as JSON: [{ name, stack }, …].
// Stacks have the default limit of 10 frames.
import { retry, withRetry } from '../../../dist/index.js';

/** Each option alone; all of them are as passive as they can be. */
const options = {
  'no options': undefined,
  '{}': {},
  signal: { signal: new AbortController().signal },
  classify: { classify: () => undefined },
  classifyResult: { classifyResult: () => undefined },
  policyFor: { policyFor: () => undefined },
  onAttempt: { onAttempt: () => {} },
  onRetry: { onRetry: () => {} },
  'an async onRetry': { onRetry: async () => {} },
  onEnd: { onEnd: () => {} },
  name: { name: 'orders' },
  random: { random: () => 0.5 },
  clock: { clock: platformClock() },
  unref: { unref: true },
};
const everything = Object.assign({}, ...Object.values(options));

const plain = { maxRetries: 1, baseDelayMs: 2 };
const cases = [
  ...Object.entries(options).map(([name, given]) => ({ name, policy: plain, given })),
  { name: 'all options', policy: plain, given: everything },
  { name: 'attemptTimeoutMs', policy: { ...plain, attemptTimeoutMs: 60_000 } },
  { name: 'maxElapsedMs', policy: { ...plain, maxElapsedMs: 60_000 } },
  {
    name: 'both time limits and {}',
    policy: { ...plain, attemptTimeoutMs: 60_000, maxElapsedMs: 60_000 },
    given: {},
  },
  {
    name: 'both time limits and all options',
    policy: { ...plain, attemptTimeoutMs: 60_000, maxElapsedMs: 60_000 },
    given: everything,
  },
];

/** How a program may call: each makes the function that is called. */
const entries = {
  retry: (operation, policy, given) => () => retry(operation, policy, given),
  withRetry: (operation, policy, given) => withRetry(operation, policy, given),
  'withRetry with a function of options': (operation, policy, given) =>
    withRetry(operation, policy, () => given),
};

let errors = [];
const noted = (error) => {
  errors.push(error);
  return error;
};
const awaited = async () => {
  await Promise.resolve();
  throw noted(new Error('boom'));
};

/** Where the operation throws. An await of a resolved promise leaves V8 the least time to link promises. */
const operations = {
  'after an await': awaited,
  'after an await in a function that it awaits': async () => {
    await awaited();
  },
  'after I/O': async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw noted(new Error('boom'));
  },
  'before its first await': async () => {
    throw noted(new Error('boom'));
  },
};

function platformClock() {
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    setTimer(ms, fire) {
      const timer = setTimeout(() => fire(), ms);
      return () => clearTimeout(timer);
    },
  };
}

/** The stacks of the errors at attempts 1 and 2. */
async function stacksOf(call) {
  errors = [];
  async function third() {
    return await call();
  }
  async function second() {
    return await third();
  }
  async function first() {
    await second();
  }
  // A refused option rejects, too: its stack must not count.
  const { message } = await first().catch((error) => error);
  return [0, 1].map((index) => errors[index]?.stack ?? `The operation was not called, but: ${message}`);
}

// The calls with `unref` do not hold the process.
const holding = setInterval(() => {}, 1_000);
const rows = [];
for (const { name, policy, given } of cases) {
  for (const [entry, start] of Object.entries(entries)) {
    for (const [where, operation] of Object.entries(operations)) {
      const stacks = await stacksOf(start(operation, policy, given));
      stacks.forEach((stack, index) =>
        rows.push({ name: `${name}, ${entry}, attempt ${index + 1}, thrown ${where}`, stack }),
      );
    }
  }
}
clearInterval(holding);
console.log(JSON.stringify(rows));
