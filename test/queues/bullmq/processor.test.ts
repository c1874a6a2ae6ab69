import { beforeEach, describe, expect, test } from 'vitest';
import { permanent, type PolicySpec, retryIn } from '../../../src/index.js';
import { processor, type ProcessorOptions } from '../../../src/queues/bullmq/index.js';
import type { Handler } from '../../../src/queues/types.js';
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
  const busy = rejects(retryIn(new Error('busy'), 700));

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

  test('that cannot be written keeps the job alive', async () => {
    const dead = new FakeQueue();
    dead.trouble = new Error('READONLY');
    const job = new FakeJob();
    expect((await run(job, rejects(permanent(new Error('x'))), { deadLetter: dead })).error).toBe(
      dead.trouble,
    );
    // Not at once: the store is in trouble.
    expect(fate(job)).toBe(1_000);
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
