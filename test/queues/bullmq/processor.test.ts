import { beforeEach, describe, expect, test } from 'vitest';
import { permanent, type PolicySpec, retryAfter, retryIn } from '../../../src/index.js';
import { processor, type ProcessorOptions } from '../../../src/queues/bullmq/index.js';
import type { AttemptEvent, Handler } from '../../../src/queues/types.js';
import { virtualClock } from '../../../src/testing/index.js';
import { fate, FakeJob, FakeQueue } from './fake.js';

const policy: PolicySpec = { maxRetries: 3, baseDelayMs: 100, jitter: 'none' };

let clock = virtualClock({ wallMs: 0 });
beforeEach(() => {
  clock = virtualClock({ wallMs: 0 });
});

/** Runs a job once; what it gave, or what it was rejected with. */
async function run(
  job: FakeJob,
  handler: Handler<FakeJob>,
  options: ProcessorOptions<FakeJob> = {},
  spec: PolicySpec = policy,
): Promise<{ value?: unknown; error?: any }> {
  const processed = processor<FakeJob, unknown>(spec, handler, { clock, ...options })(job, 'token').then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await clock.runAll();
  return processed;
}

const rejects = (thrown: unknown) => (): never => {
  throw thrown;
};

test('the processor declares three parameters, or BullMQ would withhold its signal', () => {
  expect(processor(policy, () => undefined)).toHaveLength(3);
});

test('a policy that is none, and a queue to pause that is not there, are refused at once', () => {
  expect(() => processor({ maxRetries: -1 }, () => undefined)).toThrow(TypeError);
  expect(() => processor(policy, () => undefined, { onHint: 'queue' })).toThrow(/needs the option queue/);
});

const build = (options: object) => () => processor(policy, () => undefined, options);

test('a handler, an option or a queue that is none is refused at once', () => {
  expect(() => processor(policy, undefined as any)).toThrow('handler: got undefined; expected a function');
  expect(build({ deadletter: new FakeQueue() })).toThrow('deadletter: got object; use deadLetter');
  expect(build({ maxRetries: 3 })).toThrow('maxRetries: got 3; use maxRetries, in the policy');
  expect(build({ onHint: 'Queue' })).toThrow("onHint is 'job' or 'queue', got \"Queue\"");
  expect(build({ deadLetter: 'mail-dead' })).toThrow('deadLetter is a Queue, got "mail-dead"');
  expect(build({ queue: 'mail' })).toThrow('queue is a Queue, got "mail"');
});

describe('what BullMQ is told', () => {
  test('after a failure: another attempt after exactly the delay of the policy, whatever the enqueue said', async () => {
    const error = new Error('flaky');
    for (const opts of [{}, { attempts: 1 }, { attempts: 50, backoff: 9_999 }]) {
      const job = new FakeJob(1, 0, { ...opts });
      expect((await run(job, rejects(error))).error).toBe(error);
      expect(fate(job)).toBe(200);
    }
  });

  test('at the end: failed, with the original error', async () => {
    const error = permanent(new Error('card declined'));
    const job = new FakeJob(0, 0, { attempts: 50 });
    expect((await run(job, rejects(error))).error).toBe(error);
    expect(fate(job)).toBe('failed');
  });

  test('after a success: should it not be settled, there is another attempt', async () => {
    const job = new FakeJob();
    expect(await run(job, () => 'sent')).toEqual({ value: 'sent' });
    expect(fate(job)).toBe(100);
  });

  test('after a success on the last attempt: the job comes back to be buried', async () => {
    const job = new FakeJob(3);
    await run(job, () => 'sent');
    expect(fate(job)).toBe(1_000);
  });

  test('also when random throws after a success: the success is what counts', async () => {
    const random = rejects(new Error('no dice'));
    expect(await run(new FakeJob(), () => 'sent', { random }, { ...policy, jitter: 'full' })).toEqual({
      value: 'sent',
    });
  });

  test('while the handler runs: whatever happens to the worker’s code, the job is not over', async () => {
    const job = new FakeJob(0, 0, { attempts: 1 });
    let during: unknown;
    await run(job, () => void (during = fate(job)));
    expect(during).toBe(1_000);
  });
});

describe('the attempt', () => {
  test('counts crashes: settled ones, lost ones, and this one', async () => {
    let attempt = 0;
    await run(
      new FakeJob(1, 2),
      (_, context) => void ({ attempt } = context),
      {},
      { ...policy, maxRetries: 5 },
    );
    expect(attempt).toBe(4);
  });

  test('is not run when crashes have used up all of them: the job is buried as stalled', async () => {
    const dead = new FakeQueue();
    const job = new FakeJob(1, 3);
    let ran = false;
    const { error } = await run(job, () => void (ran = true), { deadLetter: dead, queue: new FakeQueue() });
    expect(ran).toBe(false);
    expect(error).toMatchObject({ name: 'StalledError' });
    expect(fate(job)).toBe('failed');
    expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({
      reason: 'stalled',
      attempts: 4,
      history: Array.from({ length: 4 }, (_, index) => ({ attempt: index + 1, outcome: 'stalled' })),
    });
  });

  test('is not run past the deadline, and the letter says so', async () => {
    const dead = new FakeQueue();
    await clock.advance(1_000);
    const { error } = await run(
      new FakeJob(1),
      () => 'sent',
      { deadLetter: dead },
      { ...policy, maxElapsedMs: 1_000 },
    );
    expect(error).toMatchObject({ name: 'DeadlineError' });
    expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({ reason: 'deadline', attempts: 1 });
  });

  test('is timed from when the job was first due', async () => {
    const late = { ...policy, maxElapsedMs: 1_000 };
    await clock.advance(1_500);
    const job = new FakeJob(0, 0, { delay: 1_000 });
    await run(job, rejects(new Error('x')), {}, late);
    expect(fate(job)).toBe(100);
    const waiting = new FakeJob(0, 0, { delay: 500 });
    await run(waiting, rejects(new Error('x')), {}, late);
    expect(fate(waiting)).toBe('failed');
  });
});

describe('what is thrown', () => {
  test.each(['a string', undefined, null, 42])(
    'is made an error BullMQ can read, if it is %s',
    async (thrown) => {
      const { error } = await run(new FakeJob(), rejects(thrown));
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ message: String(thrown), cause: thrown, stack: expect.any(String) });
    },
  );

  test('is bounded, if its stack is huge', async () => {
    const huge = Object.assign(new RangeError('far'), { stack: 'x'.repeat(1_000_000) });
    const { error } = await run(new FakeJob(), rejects(huge));
    expect(error).toMatchObject({ name: 'RangeError', message: 'far', cause: huge });
    expect(error.stack.length).toBeLessThan(20_000);
  });

  test('reaches BullMQ as it is, if it is a message to BullMQ, and counts as no attempt', async () => {
    const messages = [
      ...['DelayedError', 'WaitingError', 'WaitingChildrenError'].map((name) =>
        Object.assign(new Error('x'), { name }),
      ),
      new Error('bullmq:rateLimitExceeded'),
    ];
    for (const message of messages) {
      const job = new FakeJob();
      expect((await run(job, rejects(message))).error).toBe(message);
      expect(job.logs).toEqual([]);
    }
  });

  test('stops, if it is an UnrecoverableError, unless the caller says otherwise', async () => {
    const error = Object.assign(new Error('no'), { name: 'UnrecoverableError' });
    const job = new FakeJob();
    await run(job, rejects(error));
    expect(fate(job)).toBe('failed');
    const classified = new FakeJob();
    await run(classified, rejects(error), { classify: () => 'retry' });
    expect(fate(classified)).toBe(100);
  });
});

describe('a hint', () => {
  const busy = rejects(retryAfter(new Error('busy'), 700));

  test('holds back the job alone, unless it is to hold back the queue', async () => {
    const queue = new FakeQueue('mail');
    const job = new FakeJob();
    await run(job, busy, { queue });
    expect(fate(job)).toBe(700);
    expect(queue.limits).toEqual([]);
  });

  test('holds back the queue for the delay, and the attempt counts', async () => {
    const queue = new FakeQueue('mail');
    const job = new FakeJob();
    await run(job, busy, { queue, onHint: 'queue' });
    expect(fate(job)).toBe(700);
    expect(queue.limits).toEqual([700]);
    await run(new FakeJob(), rejects(new Error('no hint')), { queue, onHint: 'queue' });
    expect(queue.limits).toEqual([700]);
  });
});

describe('an exact delay', () => {
  test('is exact, also below the delay of the policy, and holds back the job alone', async () => {
    const queue = new FakeQueue('mail');
    for (const delayMs of [0, 20, 1e9]) {
      const job = new FakeJob();
      await run(job, rejects(retryIn(new Error('not yet'), delayMs)), { queue, onHint: 'queue' });
      expect(fate(job)).toBe(delayMs);
    }
    expect(queue.limits).toEqual([]);
  });
});

describe('policyFor', () => {
  const four = { policyFor: () => ({ maxRetries: 4, baseDelayMs: 100, jitter: 'none' as const }) };
  const once = { ...policy, maxRetries: 1 };

  /** Runs a job until it is over, as BullMQ would; which attempts ran. `lost` of them lose their worker. */
  async function life(
    lost: readonly number[],
    { queue: hasQueue = true, limit }: { queue?: boolean; limit?: number } = {},
  ) {
    const logs: string[] = [];
    const queue = hasQueue ? new FakeQueue('mail', {}, logs) : undefined;
    const dead = new FakeQueue();
    const ran: number[] = [];
    const events: AttemptEvent<FakeJob>[] = [];
    let made = 0;
    let stalled = 0;
    let stacktrace: string[] = [];
    for (;;) {
      const job = new FakeJob(made, stalled);
      job.stacktrace = [...stacktrace];
      job.logs = logs;
      const handler: Handler<FakeJob> = (_, { attempt }) => {
        ran.push(attempt);
        throw new Error(`flaky ${attempt}`);
      };
      const options: ProcessorOptions<FakeJob> = {
        ...four,
        queue,
        deadLetter: dead,
        onAttempt: (event) => void events.push(event),
      };
      if (lost.includes(made + stalled + 1)) {
        // What the worker has reported before it died does not count.
        const begun = processor(once, () => new Promise(() => undefined), {
          ...options,
          clock,
          onAttempt: null,
        });
        void begun(job, 'token');
        await clock.advance(0);
        ran.push(made + stalled + 1);
        stalled += 1;
        continue;
      }
      const { error } = await run(job, handler, options, once);
      made += 1;
      // As BullMQ does.
      stacktrace = [...(job.stacktrace ?? []), error.stack].slice(-(limit ?? 99));
      if (fate(job) === 'failed') {
        return { ran, events, letter: dead.entries.get('dead-mail-7')?.data, stacktrace };
      }
    }
  }

  test('chooses the number of attempts: four retries make five attempts', async () => {
    for (const hasQueue of [true, false]) {
      const { ran, letter } = await life([], { queue: hasQueue });
      expect(ran).toEqual([1, 2, 3, 4, 5]);
      expect(letter).toMatchObject({ reason: 'retries-exhausted', attempts: 5 });
    }
  });

  test.each([true, false])(
    'chooses it for a job, too, that was lost once and has failed normally since; with a queue: %s',
    async (hasQueue) => {
      const { ran, events, letter } = await life([1], { queue: hasQueue });
      expect(ran).toEqual([1, 2, 3, 4, 5]);
      expect(letter).toMatchObject({ reason: 'retries-exhausted', attempts: 5 });
      expect(events.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [1, 'stalled'],
        [2, 'retry'],
        [3, 'retry'],
        [4, 'retry'],
        [5, 'dead'],
      ]);
    },
  );

  test.each([true, false])(
    'does not choose it for an attempt that was lost: the policy of the queue holds; with a queue: %s',
    async (hasQueue) => {
      const { ran, events, letter } = await life([3], { queue: hasQueue });
      expect(ran).toEqual([1, 2, 3]);
      expect(letter).toMatchObject({ reason: 'stalled', attempts: 3 });
      expect(events.map(({ attempt, outcome, reason }) => [attempt, outcome, reason])).toEqual([
        [1, 'retry', undefined],
        [2, 'retry', undefined],
        [3, 'stalled', undefined],
        [3, 'dead', 'stalled'],
      ]);
      expect(events.at(-1)).not.toHaveProperty('durationMs');
    },
  );

  test('needs no queue: a note among the stack traces of the job is enough, and there is one at most', async () => {
    expect(
      (await life([1], { queue: false })).stacktrace.filter((line) => line.startsWith('ostinato')),
    ).toEqual(['ostinato: attempt 4 ended with retry']);
    // No note where nothing is in doubt, or where the log can be read.
    expect((await life([1])).stacktrace.join()).not.toContain('ostinato: attempt');
    // Cut off: the policy of the queue holds.
    expect((await life([1], { queue: false, limit: 1 })).ran).toEqual([1, 2]);
  });
});

/** Runs a job that was lost once: the attempts that were reported, and the rows that were written. */
const reported = async (options: ProcessorOptions<FakeJob>, job = new FakeJob(0, 1)) => {
  const events: unknown[] = [];
  await run(job, () => 'sent', {
    onAttempt: ({ attempt, outcome }) => events.push([attempt, outcome]),
    ...options,
  });
  return { events, rows: job.logs.map((row) => JSON.parse(row)) };
};

const fails = ({ outcome }: AttemptEvent<FakeJob>): void => {
  if (outcome !== 'done') throw new Error('metrics are down');
};

describe('onAttempt', () => {
  test('hears of a lost attempt once, also if the worker that took the job over gave it back', async () => {
    const { events, rows } = await reported({ queue: new FakeQueue('mail') });
    expect(events).toEqual([
      [1, 'stalled'],
      [2, 'done'],
    ]);
    expect(rows).toMatchObject([
      { attempt: 1, outcome: 'stalled' },
      { attempt: 2, outcome: 'done' },
    ]);
    const row = JSON.stringify({ ostinato: 1, attempt: 1, outcome: 'stalled' });
    const again = await reported({ queue: new FakeQueue('mail', {}, [row]) });
    expect(again.events).toEqual([[2, 'done']]);
  });

  test('hears of each attempt that was lost in a row', async () => {
    const row = JSON.stringify({ ostinato: 1, attempt: 1, outcome: 'retry' });
    const { events } = await reported({ queue: new FakeQueue('mail', {}, [row]) }, new FakeJob(1, 2));
    expect(events).toEqual([
      [2, 'stalled'],
      [3, 'stalled'],
      [4, 'done'],
    ]);
  });

  test('has its error kept with the attempt it heard of, and nothing else happens', async () => {
    const hookError = { message: 'metrics are down' };
    const { rows } = await reported({ onAttempt: fails });
    expect(rows).toMatchObject([{ attempt: 1, outcome: 'stalled', hookError }, { outcome: 'done' }]);
    // A job that is too late, after an attempt that has its row.
    await clock.advance(1_000);
    const row = { attempt: 1, outcome: 'retry', delayMs: 5 };
    const job = new FakeJob(1);
    const queue = new FakeQueue('mail', {}, [JSON.stringify({ ostinato: 1, ...row })]);
    await run(job, () => 'sent', { onAttempt: fails, queue }, { ...policy, maxElapsedMs: 1_000 });
    expect(job.logs.map((line) => JSON.parse(line))).toMatchObject([{ ...row, hookError }]);
  });

  test('does not hear again of a death that an attempt has decided', async () => {
    const row = { attempt: 1, outcome: 'dead', reason: 'not-retryable', error: { name: 'E', message: 'x' } };
    const queue = new FakeQueue('mail', {}, [JSON.stringify({ ostinato: 1, ...row })]);
    expect((await reported({ queue, deadLetter: new FakeQueue() })).events).toEqual([]);
  });
});

test('options that are null are not given', async () => {
  const names = ['classify', 'policyFor', 'onAttempt', 'name', 'random', 'signal', 'clock'];
  for (const name of [...names, 'deadLetter', 'queue', 'onHint']) {
    const processed = processor<FakeJob, unknown>(policy, () => 'sent', { [name]: null });
    expect(await processed(new FakeJob(), 'token')).toBe('sent');
  }
});

describe('the dead letter', () => {
  test('is written with everything there is to know, under a fixed id', async () => {
    const dead = new FakeQueue();
    const first = {
      attempt: 1,
      outcome: 'retry',
      startedAtMs: 10,
      durationMs: 5,
      error: { name: 'E', message: 'one' },
    };
    const queue = new FakeQueue('mail', {}, [
      'a line of the user’s',
      JSON.stringify({ ostinato: 1, ...first }),
      '{"ostinato":',
    ]);
    await clock.advance(500);
    await run(new FakeJob(1), rejects(permanent(new RangeError('two'))), { deadLetter: dead, queue });
    expect([...dead.entries.keys()]).toEqual(['dead-mail-7']);
    expect(dead.entries.get('dead-mail-7')).toMatchObject({
      name: 'welcome',
      data: {
        queue: 'mail',
        name: 'welcome',
        payload: { to: 'ada' },
        id: '7',
        reason: 'not-retryable',
        lastError: { name: 'RangeError', message: 'two' },
        attempts: 2,
        history: [first, { attempt: 2, outcome: 'dead', reason: 'not-retryable' }],
        firstFailedAtMs: 15,
        lastFailedAtMs: 500,
      },
    });
  });

  test('claims nothing about attempts it cannot know of: no queue to read from, or a log that was cut', async () => {
    for (const [queue, keepLogs] of [
      [undefined, undefined],
      [new FakeQueue('mail'), 1],
    ] as const) {
      const dead = new FakeQueue();
      await run(new FakeJob(2, 0, { keepLogs }), rejects(permanent(new Error('x'))), {
        deadLetter: dead,
        queue,
      });
      expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({ attempts: 3, history: [{ attempt: 3 }] });
    }
  });

  test('that exists already ends a job that comes back from a crash: it does not run again', async () => {
    const dead = new FakeQueue();
    const lastError = { name: 'CardError', message: 'declined' };
    await dead.add('welcome', { lastError, enqueuedAtMs: 0 }, { jobId: 'dead-mail-7' });
    const job = new FakeJob(0, 1);
    let ran = false;
    expect((await run(job, () => void (ran = true), { deadLetter: dead })).error).toMatchObject(lastError);
    expect(ran).toBe(false);
    expect(fate(job)).toBe('failed');
  });

  test('of an earlier job with the same id is another one’s: this job runs, and has its own', async () => {
    const dead = new FakeQueue();
    await dead.add('welcome', { enqueuedAtMs: -1 }, { jobId: 'dead-mail-7' });
    expect(await run(new FakeJob(0, 1), () => 'sent', { deadLetter: dead })).toEqual({ value: 'sent' });

    const declined = rejects(permanent(new RangeError('declined')));
    await run(new FakeJob(0, 1), declined, { deadLetter: dead });
    expect([...dead.entries.keys()]).toEqual(['dead-mail-7', 'dead-mail-7-0']);
    const again = await run(new FakeJob(0, 2), () => 'sent', { deadLetter: dead });
    expect(again.error).toMatchObject({ name: 'RangeError', message: 'declined' });
  });

  test('is not written for a job whose lock was lost: another worker has it', async () => {
    const dead = new FakeQueue();
    const job = new FakeJob();
    job.isLocked = false;
    const { error } = await run(job, rejects(permanent(new Error('x'))), { deadLetter: dead });
    expect(error.message).toContain('Lost the lock');
    expect(dead.entries.size).toBe(0);
  });

  test('of a scheduled job has an id that BullMQ takes, however many colons the job’s has', async () => {
    const dead = new FakeQueue();
    const job = new (class extends FakeJob {
      override readonly id = 'repeat:tenant:7:nightly:1760000000000';
    })();
    await run(job, rejects(permanent(new Error('card declined'))), { deadLetter: dead });
    expect(fate(job)).toBe('failed');
    expect([...dead.entries]).toMatchObject([
      ['dead-mail-repeat%3Atenant%3A7%3Anightly%3A1760000000000', { data: { id: job.id } }],
    ]);
  });

  test('comes after the letters before it, whatever the default options of its queue are', async () => {
    const dead = new FakeQueue();
    await run(new FakeJob(), rejects(permanent(new Error('x'))), { deadLetter: dead });
    expect(dead.options).toEqual([{ jobId: 'dead-mail-7', lifo: false }]);
  });

  test('is written again while the store is in trouble: the job does not run again', async () => {
    const dead = new FakeQueue();
    dead.trouble = new Error('LOADING Redis is loading the dataset in memory');
    dead.troubles = 3;
    const job = new FakeJob();
    const declined = new RangeError('card declined');
    expect((await run(job, rejects(permanent(declined)), { deadLetter: dead })).error).toBe(declined);
    expect(dead.entries.size).toBe(1);
    expect(fate(job)).toBe('failed');
  });

  test('is no longer tried when the lock is lost, or at shutdown', async () => {
    const ends: ((job: FakeJob, shutdown: AbortController) => void)[] = [
      (job) => (job.isLocked = false),
      (_, shutdown) => shutdown.abort(),
    ];
    for (const end of ends) {
      const dead = new FakeQueue();
      const shutdown = new AbortController();
      const job = new FakeJob();
      Object.defineProperty(dead, 'trouble', {
        get() {
          end(job, shutdown);
          return new Error('LOADING');
        },
      });
      const declined = rejects(permanent(new Error('x')));
      await run(job, declined, { deadLetter: dead, signal: shutdown.signal });
      expect(clock.wallNow()).toBeLessThan(1_000);
    }
  });

  test('has the row of its attempt also where the log is cut: once', async () => {
    const dead = new FakeQueue();
    const row = { attempt: 3, outcome: 'dead', reason: 'not-retryable' };
    const queue = new FakeQueue('mail', {}, [JSON.stringify({ ostinato: 1, ...row })]);
    const job = new FakeJob(2, 0, { keepLogs: 1 });
    await run(job, rejects(permanent(new Error('x'))), { deadLetter: dead, queue });
    expect(dead.entries.get('dead-mail-7')?.data.history).toMatchObject([row]);
  });

  describe('that cannot be written for long', () => {
    const trouble = new Error('READONLY');
    const declined = Object.assign(new Error('card declined'), { name: 'CardError' });

    /** What such a job has failed with, and the rows in its log. */
    async function left(job: FakeJob, options: ProcessorOptions<FakeJob> = {}) {
      const dead = new FakeQueue();
      dead.trouble = trouble;
      const { error } = await run(job, rejects(permanent(declined)), { ...options, deadLetter: dead });
      return { error, rows: job.logs };
    }

    test('keeps the job alive, says so, and says what the job died of', async () => {
      const job = new FakeJob();
      const { error } = await left(job);
      expect(error).toMatchObject({ name: 'UnburiedError', cause: trouble });
      expect(error.message).toBe(
        'The dead letter could not be written (not-retryable, attempts 1): READONLY; the job died of: card declined',
      );
      // Somebody has to hear of it. Not at once: the store is in trouble.
      expect(fate(job)).toBe(1_000);
      expect(clock.wallNow()).toBeGreaterThanOrEqual(30_000);
      expect(clock.wallNow()).toBeLessThan(32_000);
    });

    test('is written when the job comes back, which does not run again: with the history of its queue', async () => {
      const { error, rows } = await left(new FakeJob());
      const dead = new FakeQueue();
      // Since then it has come back once more, in vain.
      const job = new FakeJob(2, 0, {}, error.message);
      let ran = false;
      const options = { deadLetter: dead, queue: new FakeQueue('mail', {}, rows) };
      const again = await run(job, () => void (ran = true), options);
      expect(ran).toBe(false);
      expect(again.error).toMatchObject({ name: 'CardError', message: 'card declined' });
      expect(fate(job)).toBe('failed');
      expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({
        reason: 'not-retryable',
        attempts: 1,
        lastError: { name: 'CardError', message: 'card declined' },
        history: [{ attempt: 1, outcome: 'dead', reason: 'not-retryable', durationMs: 0 }],
      });
    });

    test('is written without a queue to read from, too, with what is known', async () => {
      const { error } = await left(new FakeJob());
      const dead = new FakeQueue();
      const job = new FakeJob(1, 0, {}, error.message);
      let ran = false;
      const again = await run(job, () => void (ran = true), { deadLetter: dead });
      expect(ran).toBe(false);
      expect(again.error).toMatchObject({ message: 'card declined' });
      expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({
        reason: 'not-retryable',
        attempts: 1,
        lastError: { message: 'card declined' },
        history: [{ attempt: 1, outcome: 'dead' }],
      });
    });

    test('is that of a job without attempts left: it says how many it had, however often it comes back', async () => {
      const failing = new FakeQueue();
      failing.trouble = trouble;
      const { error } = await run(new FakeJob(1, 3), () => 'sent', { deadLetter: failing });
      expect(error.message).toBe('The dead letter could not be written (stalled, attempts 4): READONLY');
      const dead = new FakeQueue();
      const again = await run(new FakeJob(5, 3, {}, error.message), () => 'sent', { deadLetter: dead });
      expect(again.error).toMatchObject({ name: 'StalledError' });
      expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({ reason: 'stalled', attempts: 4 });
    });

    test('makes its row be written again, if the log was in trouble, too', async () => {
      const job = new FakeJob();
      const log = job.log.bind(job);
      let tries = 0;
      job.log = (row) => (++tries === 1 ? Promise.reject(trouble) : log(row));
      const { rows } = await left(job);
      expect(rows.map((row) => JSON.parse(row))).toMatchObject([{ attempt: 1, outcome: 'dead' }]);
    });
  });

  test('that a worker did not live to write is written by the next, for the reason in the job’s log', async () => {
    const row = {
      attempt: 4,
      outcome: 'dead',
      reason: 'retries-exhausted',
      error: { name: 'E', message: 'down' },
    };
    const queue = new FakeQueue('mail', {}, [JSON.stringify({ ostinato: 1, ...row })]);
    const dead = new FakeQueue();
    const job = new FakeJob(3, 1);
    const { error } = await run(job, () => 'sent', { deadLetter: dead, queue });
    expect(error).toMatchObject({ name: 'E', message: 'down' });
    expect(fate(job)).toBe('failed');
    expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({ reason: 'retries-exhausted', attempts: 4 });
  });

  test('of a job that somebody has put back by hand is past: the job runs', async () => {
    const row = { attempt: 1, outcome: 'dead', reason: 'not-retryable', error: { name: 'E', message: 'x' } };
    const queue = new FakeQueue('mail', {}, [JSON.stringify({ ostinato: 1, ...row })]);
    const dead = new FakeQueue();
    expect(await run(new FakeJob(1), () => 'sent', { deadLetter: dead, queue })).toEqual({ value: 'sent' });
    // Put back, and lost in the next attempt.
    const lost = new FakeJob(1, 1);
    expect(await run(lost, () => 'sent', { deadLetter: dead, queue })).toEqual({ value: 'sent' });
  });

  test('says of a success that could not be recorded that it was one', async () => {
    const rows = [1, 2].map((attempt) => JSON.stringify({ ostinato: 1, attempt, outcome: 'done' }));
    const dead = new FakeQueue();
    await run(
      new FakeJob(2),
      () => 'sent',
      { deadLetter: dead, queue: new FakeQueue('mail', {}, rows) },
      { ...policy, maxRetries: 1 },
    );
    expect(dead.entries.get('dead-mail-7')?.data).toMatchObject({
      reason: 'stalled',
      lastError: { message: 'Attempt 2 succeeded, and its success could not be recorded' },
    });
  });
});

describe('the history', () => {
  test('has a row for each attempt, successes included, in the job’s log', async () => {
    const job = new FakeJob();
    await run(job, () => 'sent');
    expect(job.logs.map((row) => JSON.parse(row))).toMatchObject([
      { ostinato: 1, attempt: 1, outcome: 'done' },
    ]);
  });

  test('that cannot be written changes nothing else', async () => {
    const job = new FakeJob();
    job.log = rejects(new Error('READONLY'));
    expect(await run(job, () => 'sent')).toEqual({ value: 'sent' });
  });
});

describe('shutdown', () => {
  test('gives the job back, and tells BullMQ that it was no attempt', async () => {
    const shutdown = new AbortController();
    const job = new FakeJob();
    const { error } = await run(
      job,
      (_, { signal }) => {
        shutdown.abort();
        signal.throwIfAborted();
      },
      { signal: shutdown.signal },
    );
    expect(job.calls).toEqual(['moveToWait token']);
    expect(error).toMatchObject({ name: 'WaitingError' });
    expect(job.logs).toEqual([]);
  });

  test('does not spin with jobs that still come, until somebody closes the worker', async () => {
    const job = new FakeJob();
    const processed = processor<FakeJob, unknown>(policy, rejects(new Error('not run')), {
      clock,
      signal: AbortSignal.abort(),
    })(job, 'token').catch((error: unknown) => error);
    await clock.advance(99);
    expect(job.calls).toEqual([]);
    await clock.advance(1);
    expect(await processed).toMatchObject({ name: 'WaitingError' });
    expect(job.calls).toEqual(['moveToWait token']);
  });
});
