import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as bullmq from 'bullmq';
import * as five from 'bullmq-5';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { delayFor, definePolicy, permanent, type PolicySpec, retryAfter, seeded } from '../../src/index.js';
import { deadLetters, jobOptions, processor, workerOptions } from '../../src/queues/bullmq/index.js';
import { createDatabase } from './postgres.js';
import { until } from './trial.js';

// What the adapter relies on without BullMQ documenting it, on both backends of 6 and on the newest 5. When one of these
// fails after an upgrade, the adapter has to change.

const services = inject('services');
const onPostgres = bullmq.withBackend(bullmq.createPostgresBackend) as unknown as typeof bullmq;

const backends = [
  ['BullMQ 6 on Redis', services.redis, bullmq],
  ['BullMQ 6 on Postgres', services.postgres, onPostgres],
  ['BullMQ 5 on Redis', services.redis, five as unknown as typeof bullmq],
] as const;

/** The job as it is stored once it is in that state. */
async function state(queue: bullmq.Queue, id: string | undefined, wanted: string): Promise<bullmq.Job> {
  await until(15_000, `job ${id} is ${wanted}`, async () => {
    const job = await queue.getJob(id ?? '');
    return (await job?.getState()) === wanted;
  });
  const job = await queue.getJob(id ?? '');
  if (!job) throw new Error(`Job ${id} is gone`);
  return job;
}

const declined = (): never => {
  throw permanent(new Error('card declined'));
};

describe.each(backends)('%s', (backend, service, { Queue, Worker }) => {
  const missing = 'missing' in service ? service.missing : undefined;

  describe.skipIf(missing)(missing ? `not run: ${missing}` : 'does what the adapter relies on', () => {
    let connection: any;
    const closing: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      const url = 'url' in service ? service.url : '';
      connection = backend.includes('Postgres')
        ? {
            connectionString: await createDatabase(url, `t_${randomUUID().replaceAll('-', '')}`),
            migrate: true,
          }
        : { url, maxRetriesPerRequest: null };
    });
    afterAll(() => Promise.all(closing.map((close) => close())));

    /** A queue of its own, with a worker. */
    async function start(run: bullmq.Processor | string, options: Partial<bullmq.WorkerOptions> = {}) {
      const queueName = `c${randomUUID()}`;
      const queue = new Queue(queueName, { connection });
      await queue.waitUntilReady();
      const worker = new Worker(queueName, run, { connection, ...options });
      worker.on('error', () => undefined);
      closing.push(() => queue.close());
      closing.unshift(() => worker.close());
      await worker.waitUntilReady();
      return { queue, worker };
    }

    test('attempts and backoff of the job in memory say what follows, once, and are not stored', async () => {
      const times: number[] = [];
      const { queue } = await start(async (job) => {
        times.push(Date.now());
        if (times.length < 3) {
          job.opts.attempts = job.attemptsMade + 2;
          job.opts.backoff = { type: 'fixed', delay: 300 };
        }
        throw new Error('flaky');
      });
      const { id } = await queue.add('job', {}, { attempts: 1 });
      const job = await state(queue, id, 'failed');
      // The third run changed nothing: the one attempt of the enqueue was all there was.
      expect(times).toHaveLength(3);
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(298);
      expect(job.opts.attempts).toBe(1);
      expect(job.opts.backoff).toBeUndefined();
      expect(job.attemptsMade).toBe(3);
    });

    test('attempts of 0 end the job at once, with the original error', async () => {
      const { queue } = await start(async (job) => {
        job.opts.attempts = 0;
        throw new RangeError('too far');
      });
      const { id } = await queue.add('job', {}, { attempts: 5 });
      const job = await state(queue, id, 'failed');
      expect(job).toMatchObject({ failedReason: 'too far', attemptsMade: 1 });
      expect(job.stacktrace?.[0]).toContain('RangeError');
    });

    test('stack traces of the job in memory are stored with a failure, and reach the next attempt', async () => {
      const seen: unknown[] = [];
      const { queue } = await start(async (job) => {
        seen.push(job.stacktrace?.map((trace: string) => trace.split('\n')[0]));
        job.stacktrace = [`a note of attempt ${seen.length}`];
        throw new Error('flaky');
      });
      const { id } = await queue.add('job', {}, { attempts: 3 });
      await state(queue, id, 'failed');
      expect(seen).toEqual([
        [],
        ['a note of attempt 1', 'Error: flaky'],
        ['a note of attempt 2', 'Error: flaky'],
      ]);
    });

    test('policyFor raises the number of attempts without the option queue, too', async () => {
      const attempts: number[] = [];
      const run = processor(
        { maxRetries: 1 },
        (_, { attempt }) => {
          attempts.push(attempt);
          throw new Error('flaky');
        },
        { policyFor: () => ({ maxRetries: 4, baseDelayMs: 20, jitter: 'none' }) },
      );
      const { queue } = await start(run, workerOptions({ maxRetries: 1 }));
      const { id } = await queue.add('job', {});
      const job = await state(queue, id, 'failed');
      expect(attempts).toEqual([1, 2, 3, 4, 5]);
      expect(job.stacktrace?.filter((trace: string) => trace.startsWith('ostinato'))).toEqual([
        'ostinato: attempt 4 ended with retry',
      ]);
    });

    test('a success that cannot be settled is decided by the attempts in memory as well', async () => {
      let runs = 0;
      const { queue } = await start(async (job) => {
        job.opts.attempts = job.attemptsMade + 2;
        if (++runs === 1) job.moveToCompleted = () => Promise.reject(new Error('deadlock detected'));
        return runs;
      });
      const { id } = await queue.add('job', {}, { attempts: 1 });
      expect((await state(queue, id, 'completed')).returnvalue).toBe(2);
    });

    test('a job that is moved to wait, with an error named WaitingError, has made no attempt', async () => {
      let runs = 0;
      const { queue } = await start(async (job, token) => {
        if (++runs > 1) return 'done';
        await job.moveToWait(token);
        throw Object.assign(new Error('released'), { name: 'WaitingError' });
      });
      const { id } = await queue.add('job', {});
      expect(await state(queue, id, 'completed')).toMatchObject({ attemptsMade: 1, stalledCounter: 0 });
    });

    test('a signal is given to a processor of three declared parameters, and ours is one', async () => {
      const seen: unknown[] = [];
      const policy: PolicySpec = { maxRetries: 2, baseDelayMs: 10 };
      const { queue, worker } = await start(
        processor<bullmq.Job, unknown>(policy, async (_, { signal }) => {
          seen.push(signal.aborted);
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
          );
        }),
        workerOptions(policy),
      );
      const { id } = await queue.add('job', {});
      await until(10_000, 'the job runs', () => seen.length === 1);
      worker.cancelJob(id ?? '');
      // Aborted by the host, the handler rejects with an AbortError: nobody wants it tried again.
      const job = await state(queue, id, 'failed');
      expect(job.attemptsMade).toBe(1);
    });

    test('a second job with the id of a first is not added', async () => {
      const { queue, worker } = await start(async () => undefined);
      await worker.pause();
      const ids = ['dead-mail-7', 'dead-mail-repeat%3Atenant%3A7%3A1760000000000'];
      for (const jobId of ids) {
        await queue.add('first', { n: 1 }, { jobId });
        await queue.add('second', { n: 2 }, { jobId });
        expect((await queue.getJob(jobId))?.data).toEqual({ n: 1 });
      }
      expect(await queue.getJobCountByTypes('waiting')).toBe(2);
    });

    test('extendLock tells whose lock it is', async () => {
      const seen: unknown[] = [];
      const { queue } = await start(async (job, token = '') => {
        seen.push(await job.extendLock(token, 30_000).then(Boolean, () => false));
        seen.push(await job.extendLock('somebody else’s', 30_000).then(Boolean, () => false));
      });
      await state(queue, (await queue.add('job', {})).id, 'completed');
      expect(seen).toEqual([true, false]);
    });

    test.each([
      ['', undefined],
      [', with a rate limit of its own', { max: 100, duration: 1_000 }],
    ])(
      'a hint for the whole queue holds back every job of it, and the attempt counts%s',
      async (_, limiter) => {
        const policy: PolicySpec = { maxRetries: 1, baseDelayMs: 10 };
        const runs: { name: string; atMs: number }[] = [];
        let { queue, worker } = await start(async () => undefined);
        await worker.close();
        worker = new Worker(
          queue.name,
          processor<bullmq.Job, unknown>(
            policy,
            (job, { attempt }) => {
              runs.push({ name: `${job.name} ${attempt}`, atMs: Date.now() });
              if (job.name === 'busy' && attempt === 1) throw retryAfter(new Error('busy'), 1_000);
            },
            { queue, onHint: 'queue' },
          ),
          { connection, ...workerOptions(policy, { onHint: 'queue', limiter }) },
        );
        closing.unshift(() => worker.close());
        const busy = await queue.add('busy', {});
        await until(10_000, 'the busy job has run', () => runs.length === 1);
        await queue.add('other', {});
        const job = await state(queue, busy.id, 'completed');
        await until(10_000, 'the other job has run', () => runs.length === 3);
        expect(job.attemptsMade).toBe(2);
        for (const { atMs } of runs.slice(1)) expect(atMs - runs[0]!.atMs).toBeGreaterThanOrEqual(990);
      },
    );

    test('the documented way, for sandboxed processors, gives the delays, stops and hints of the policy', async () => {
      const policy = definePolicy({ maxRetries: 2, baseDelayMs: 100, jitter: 'full' });
      const { queue, worker } = await start(
        join(import.meta.dirname, 'fixtures/sandboxed.cjs'),
        workerOptions(policy),
      );
      const delays: Record<string, number[]> = {};
      worker.on('failed', (job) => {
        if (job && job.delay > 0) (delays[job.name] ??= []).push(job.delay);
      });
      const names = ['flaky', 'busy', 'unrecoverable', 'not found'];
      const jobs = await queue.addBulk(names.map((name) => ({ name, data: {}, opts: jobOptions(policy) })));
      const made: number[] = [];
      for (const { id, name } of jobs) {
        made.push((await state(queue, id, name === 'busy' ? 'completed' : 'failed')).attemptsMade);
      }
      expect(made).toEqual([3, 2, 1, 1]);
      const random = seeded(`${queue.name}:${jobs[0]?.id}`);
      expect(delays['flaky']).toEqual([1, 2].map((retry) => delayFor(policy, retry, random)));
      expect(delays['busy']?.[0]).toBeGreaterThanOrEqual(1_000);
    });

    test('a worker that is shut down and not closed gives its jobs back without spinning', async () => {
      const policy: PolicySpec = { maxRetries: 1 };
      let runs = 0;
      const counted = processor<bullmq.Job, unknown>(policy, () => 'never', { signal: AbortSignal.abort() });
      const { queue } = await start(async (job, token, signal) => {
        runs++;
        return counted(job, token, signal);
      }, workerOptions(policy));
      const { id } = await queue.add('job', {});
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(runs).toBeGreaterThan(0);
      expect(runs).toBeLessThanOrEqual(11);
      expect((await queue.getJob(id ?? ''))?.attemptsMade).toBe(0);
    });

    test('a listener can tell the end of a job from a retry by the usual comparison', async () => {
      const policy: PolicySpec = { maxRetries: 1, baseDelayMs: 10 };
      const ends: boolean[] = [];
      const { queue, worker } = await start(
        processor<bullmq.Job, unknown>(policy, () => {
          throw new Error('flaky');
        }),
        workerOptions(policy),
      );
      worker.on('failed', (job) => ends.push((job?.attemptsMade ?? NaN) >= (job?.opts.attempts ?? NaN)));
      await state(queue, (await queue.add('job', {})).id, 'failed');
      await until(5_000, 'the listener has heard of it', () => ends.length === 2);
      expect(ends).toEqual([false, true]);
    });

    test('a job that runs again knows the message of its last failure, but not when it was put back by hand', async () => {
      const seen: unknown[] = [];
      const { queue } = await start(async ({ failedReason }) => {
        seen.push(failedReason ?? undefined);
        throw new Error(`down ${seen.length}`);
      });
      const { id } = await queue.add('job', {}, { attempts: 2, backoff: 10 });
      const job = await state(queue, id, 'failed');
      await job.retry();
      await until(5_000, 'the job has run again', () => seen.length === 3);
      expect(seen).toEqual([undefined, 'down 1', undefined]);
    });

    /** A dead-letter queue of its own. */
    async function letterQueue(options: Partial<bullmq.QueueOptions> = {}): Promise<bullmq.Queue> {
      const dead = new Queue(`d${randomUUID()}`, { connection, ...options });
      closing.push(() => dead.close());
      await dead.waitUntilReady();
      return dead;
    }

    test('a job of a scheduler whose name has colons is buried and put back like any other', async () => {
      const dead = await letterQueue();
      let runs = 0;
      const policy: PolicySpec = { maxRetries: 3, baseDelayMs: 10 };
      const { queue } = await start(
        processor<bullmq.Job, unknown>(policy, () => (++runs === 1 ? declined() : 'sent'), {
          deadLetter: dead,
        }),
        workerOptions(policy),
      );
      const next = await queue.upsertJobScheduler(
        'tenant:7:nightly',
        { every: 3_600_000 },
        { name: 'nightly' },
      );
      const { id = '', timestamp } = await state(queue, next?.id, 'failed');
      const letters = deadLetters(dead, { queue });
      expect(await letters.list()).toMatchObject([{ id, reason: 'not-retryable' }]);
      expect(id.split(':').length).toBeGreaterThan(3);
      expect(await letters.redrive(id)).toBe(true);
      await state(queue, `redrive-${timestamp}-${id.replaceAll(':', '%3A')}`, 'completed');
      expect(await letters.list()).toEqual([]);
    });

    test('a job whose letter cannot be written at once does not run again', async () => {
      const dead = await letterQueue();
      let tries = 0;
      const deadLetter = {
        getJob: (id: string) => dead.getJob(id),
        add: (...args: [string, unknown, object]): Promise<unknown> =>
          ++tries < 3 ? Promise.reject(new Error('LOADING Redis is loading')) : dead.add(...args),
      };
      let runs = 0;
      const policy: PolicySpec = { maxRetries: 5, baseDelayMs: 10 };
      const { queue } = await start(
        processor<bullmq.Job, unknown>(policy, () => (runs++, declined()), { deadLetter }),
        workerOptions(policy),
      );
      expect((await state(queue, (await queue.add('job', {})).id, 'failed')).failedReason).toBe(
        'card declined',
      );
      expect(runs).toBe(1);
      expect(await deadLetters(dead).list()).toMatchObject([{ reason: 'not-retryable', attempts: 1 }]);
    });

    test('a job that comes back because its letter could not be written is buried, and does not run', async () => {
      const dead = await letterQueue();
      let isDown = true;
      let runs = 0;
      const policy: PolicySpec = { maxRetries: 5, baseDelayMs: 10 };
      const shutdown = new AbortController();
      const down = {
        getJob: (id: string) => dead.getJob(id),
        // Nobody waits any more: then it is tried once.
        add: () => (shutdown.abort(), (isDown = false), Promise.reject(new Error('READONLY'))),
      };
      const handler = (): never => (runs++, declined());
      const first = (queue: bullmq.Queue) =>
        processor<bullmq.Job, unknown>(policy, handler, { deadLetter: down, queue, signal: shutdown.signal });
      const second = (queue: bullmq.Queue) =>
        processor<bullmq.Job, unknown>(policy, handler, { deadLetter: dead, queue });
      const { queue } = await start(
        (job, token, signal) => (isDown ? first : second)(queue)(job, token, signal),
        workerOptions(policy),
      );
      const job = await state(queue, (await queue.add('job', {})).id, 'failed');
      expect(job.failedReason).toBe('card declined');
      expect(runs).toBe(1);
      expect(await deadLetters(dead).list()).toMatchObject([
        { attempts: 1, reason: 'not-retryable', history: [{ attempt: 1, outcome: 'dead' }] },
      ]);
    });

    test('letters are found wherever default options of their queue put them, in the order they came', async () => {
      for (const defaultJobOptions of [{ priority: 5 }, { delay: 60_000 }, { lifo: true }]) {
        const dead = await letterQueue({ defaultJobOptions });
        const policy: PolicySpec = { maxRetries: 0 };
        const { queue } = await start(
          processor<bullmq.Job, unknown>(policy, declined, {
            deadLetter: dead,
          }),
          workerOptions(policy),
        );
        const ids: (string | undefined)[] = [];
        for (let n = 0; n < 3; n++) {
          const { id } = await queue.add('job', {});
          await state(queue, id, 'failed');
          ids.push(id);
        }
        const letters = deadLetters(dead);
        expect((await letters.list()).map(({ id }) => id)).toEqual(ids);
        expect((await letters.list({ offset: 1, limit: 1 })).map(({ id }) => id)).toEqual([ids[1]]);
        await queue.pause(); // or the job that is put back dies again
        expect(await letters.redrive(ids[0] ?? '')).toBe(true);
        expect(await letters.purge()).toBe(2);
      }
    });

    test('of two who put a letter back at once, one does, and the other is told so', async () => {
      const dead = await letterQueue();
      const policy: PolicySpec = { maxRetries: 0 };
      let runs = 0;
      const { queue } = await start(
        processor<bullmq.Job, unknown>(policy, () => (++runs === 1 ? declined() : 'sent'), {
          deadLetter: dead,
        }),
        { ...workerOptions(policy), removeOnComplete: { count: 0 } },
      );
      const { id = '' } = await queue.add('job', {});
      await state(queue, id, 'failed');
      const letters = [0, 1, 2].map(() => deadLetters(dead, { queue }));
      const done = await Promise.all(letters.map((each) => each.redrive(id)));
      expect(done.filter(Boolean)).toHaveLength(1);
      await until(5_000, 'the job has run again', () => runs === 2);
      expect(await letters[0]!.list()).toEqual([]);
      expect(await letters[0]!.redrive(id)).toBe(false);
    });

    test('a job put back by itself has no default options of the dead-letter queue', async () => {
      const dead = await letterQueue({ defaultJobOptions: { stackTraceLimit: 0, keepLogs: 1 } });
      const policy: PolicySpec = { maxRetries: 0 };
      const { queue } = await start(
        processor<bullmq.Job, unknown>(policy, declined, { deadLetter: dead }),
        workerOptions(policy),
      );
      const { id = '', timestamp } = await queue.add('job', {});
      await state(queue, id, 'failed');
      expect(await deadLetters(dead).redrive(id)).toBe(true);
      const { opts } = await state(queue, `redrive-${timestamp}-${id}`, 'failed');
      expect(opts).not.toHaveProperty('keepLogs');
      expect(opts).not.toHaveProperty('stackTraceLimit');
    });

    test('a value that cannot be stored ends as a success that could not be recorded', async () => {
      const dead = await letterQueue();
      const policy: PolicySpec = { maxRetries: 1, baseDelayMs: 10 };
      const circular: { self?: unknown } = {};
      circular.self = circular;
      let { queue, worker } = await start(async () => undefined);
      await worker.close();
      worker = new Worker(
        queue.name,
        processor<bullmq.Job, unknown>(policy, () => circular, { deadLetter: dead, queue }),
        { connection, ...workerOptions(policy) },
      );
      worker.on('error', () => undefined);
      closing.unshift(() => worker.close());
      await state(queue, (await queue.add('job', {})).id, 'failed');
      expect(await deadLetters(dead).list()).toMatchObject([
        {
          reason: 'stalled',
          lastError: { message: 'Attempt 2 succeeded, and its success could not be recorded' },
          history: [{ outcome: 'done' }, { outcome: 'done' }],
        },
      ]);
    });

    test('a dead letter is put back into its queue without being told which', async () => {
      const policy: PolicySpec = { maxRetries: 0 };
      const dead = new Queue(`d${randomUUID()}`, { connection });
      closing.push(() => dead.close());
      await dead.waitUntilReady();
      const ids: (string | undefined)[] = [];
      const { queue } = await start(
        processor<bullmq.Job, unknown>(
          policy,
          (job) => {
            ids.push(job.id);
            if (ids.length === 1) throw new Error('down');
          },
          { deadLetter: dead as any },
        ),
        workerOptions(policy),
      );
      const { id = '', timestamp } = await queue.add('job', { to: 'ada' });
      await state(queue, id, 'failed');
      expect(await deadLetters(dead as any).redrive(id)).toBe(true);
      const again = await state(queue, `redrive-${timestamp}-${id}`, 'completed');
      expect(again.data).toEqual({ to: 'ada' });
      expect(await deadLetters(dead as any).list()).toEqual([]);
    });
  });
});
