import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type Job,
  Logger,
  makeWorkerUtils,
  run,
  type RunnerOptions,
  type WorkerUtils,
} from 'graphile-worker';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { attemptsTable, beginValues, releaseValues } from '../../src/queues/attempts-table.js';
import { claimKey } from '../../src/queues/graphile-worker/claim.js';
import { deadLetters, recover, schema, task } from '../../src/queues/graphile-worker/index.js';
import { namesOf } from '../../src/queues/graphile-worker/names.js';
import { KNOWN_VERSIONS, statements } from '../../src/queues/graphile-worker/statements.js';
import { createDatabase } from './postgres.js';
import { quietPool } from './quiet-pool.js';
import { until } from './trial.js';

// What the adapter relies on in graphile-worker 0.18: the six statements on its private tables, and what it does itself
// to a job. When one of these fails after an upgrade, the adapter has to change.

const { postgres } = inject('services');
const missing = 'missing' in postgres ? postgres.missing : undefined;
const silent = new Logger(() => () => undefined);
const HOUR_MS = 3_600_000;

/** A handler that does nothing else. */
const rejecting = (error: Error) => () => {
  throw error;
};

/** The dead letter of the first job of a schema, which ran once. */
const ofJob1 = (v: number, message: string) => ({
  id: '1',
  payload: { v },
  attempts: 1,
  lastError: { message },
  history: [{ attempt: 1, outcome: 'dead' }],
});

describe.skipIf(missing)(
  missing ? `not run: ${missing}` : 'graphile-worker does what the adapter relies on',
  () => {
    const sql = statements(namesOf({}));
    const table = attemptsTable('ostinato_attempts');
    let pool: pg.Pool;
    let utils: WorkerUtils;
    let name: string;

    beforeAll(async () => {
      const url =
        'url' in postgres ? await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`) : '';
      pool = quietPool(new pg.Pool({ connectionString: url, max: 8 }));
      utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
      await utils.migrate();
      await pool.query(schema());
    });
    beforeEach(() => {
      name = `task ${randomUUID()}`;
    });
    afterAll(async () => {
      await utils.release();
      await pool.end();
    });

    const rows = async (text: string, values: unknown[] = []): Promise<any[]> =>
      (await pool.query(text, values)).rows;

    /** A job, claimed by a pool as graphile-worker claims it, and begun. */
    async function claimed(claimedBy = `pool-${randomUUID()}`, spec = {}): Promise<Job> {
      const { id } = await utils.addJob(name, { to: 'ada' }, spec);
      return reclaimed(id, claimedBy);
    }

    async function reclaimed(id: string, claimedBy: string): Promise<Job> {
      const [job] = await rows(
        `update graphile_worker._private_jobs set attempts = attempts + 1, locked_by = $2, locked_at = now()
       where id = $1 returning *, id::text`,
        [id, claimedBy],
      );
      await rows(
        `update graphile_worker._private_job_queues set locked_by = $2, locked_at = now() where id = $1`,
        [job.job_queue_id, claimedBy],
      );
      const { attempts: fence, run_at: dueAt, created_at: bornAt, locked_at: claimedAt } = job;
      await rows(table.begin, beginValues(name, [{ id, fence, dueAt, bornAt, claimedAt }]));
      return job;
    }

    /** What graphile-worker does when a task rejects. */
    const fails = (job: Job) =>
      rows(
        `update graphile_worker._private_jobs set last_error = 'no', locked_by = null, locked_at = null,
         run_at = greatest(now(), run_at) + exp(least(attempts, 10)) * interval '1 second'
       where id = $1 and locked_by = $2`,
        [job.id, job.locked_by],
      );

    const stored = async (job: Job) =>
      (
        await rows(
          `select attempts, max_attempts, locked_by, run_at, run_at < now() as due,
           (extract(epoch from run_at - a.settled_at) * 1000)::float8 as delay_ms
         from graphile_worker._private_jobs j
         left join ostinato_attempts a on a.job_id = j.id::text and a.fence = j.attempts where j.id = $1`,
          [job.id],
        )
      )[0];
    const key = (job: Job) => [name, job.id, job.attempts];
    const retry = (job: Job, delayMs: number) =>
      rows(sql.retry, [...key(job), job.locked_by, 5, delayMs, '{"name":"Error","message":"no"}', null]);
    const bury = (job: Job) =>
      rows(sql.bury, [...key(job), job.locked_by, 5, 'dead', null, null, 'not-retryable', job.attempts]);
    /** Which `rescheduleJobs` cannot do: it takes an `attempts` of 0 for none. */
    const startAgain = (id: string) =>
      rows('select from graphile_worker.reschedule_jobs(array[$1::bigint], attempts => 0, run_at => now())', [
        id,
      ]);
    const done = (job: Job) => rows(sql.done, [...key(job), job.locked_by, 5, null]);
    const free = (limitMs: number, claims: string[] = [], reachMs = 0) =>
      rows(sql.free, [limitMs, claims, reachMs]);
    const letters = () => deadLetters(pool, { task: name }).list();

    /** A runner with that handler for the test's own task. */
    const wrapped = (
      policy: object,
      handler: Parameters<typeof task>[1],
      options: Partial<RunnerOptions> = {},
    ) =>
      run({
        pgPool: pool,
        taskList: { [name]: task(policy, handler) },
        logger: silent,
        noHandleSignals: true,
        pollInterval: 100,
        ...options,
      });

    /** Runs the test's task until it has ended, or waits for its retry. */
    const once = async (policy: object, handler: Parameters<typeof task>[1], pgPool = pool) => {
      const events = new EventEmitter();
      const ended = new Promise((resolve) => events.once('job:complete', resolve));
      const runner = await wrapped(policy, handler, { events, pgPool });
      await ended;
      await runner.stop();
      await until(5_000, 'graphile-worker has let it go', async () => {
        const locked =
          'select from graphile_worker.jobs where task_identifier = $1 and locked_at is not null';
        return (await pgPool.query(locked, [name])).rows.length === 0;
      });
    };

    test('the database has the one schema version the statements were tested with', async () => {
      const [{ version }] = await rows(sql.version);
      expect(KNOWN_VERSIONS).toEqual([version]);
    });

    test('an unknown schema version is refused, by the task and by recover', async () => {
      const unknown = { query: async () => ({ rows: [{ version: 21 }] }) };
      const refusal = /knows schema version 20 .* has 21/;
      await expect(recover(unknown, { events: new EventEmitter() })).rejects.toThrow(refusal);
      const mail = task({}, () => expect.fail('must not run'));
      const job = await claimed();
      const helpers = { ...unknown, job, abortSignal: new AbortController().signal };
      await expect(mail({}, helpers)).rejects.toThrow(refusal);
    });

    test('1 · a delay longer than graphile-worker’s own is exact as soon as it has failed the job', async () => {
      const job = await claimed();
      expect(await retry(job, 60_000)).toHaveLength(1);
      await fails(job);
      expect((await stored(job)).delay_ms).toBeCloseTo(60_000, 2);
      expect(await stored(job)).toMatchObject({ max_attempts: 32_767, locked_by: null });
    });

    test('2 · a shorter one is exact once it was set after that, and not before', async () => {
      const job = await claimed();
      await retry(job, 150);
      expect(await rows(sql.due, key(job))).toHaveLength(0);
      await fails(job);
      expect((await stored(job)).delay_ms).toBeGreaterThan(2_500);
      expect(await rows(sql.due, key(job))).toHaveLength(1);
      expect((await stored(job)).delay_ms).toBeCloseTo(150, 2);
    });

    test('2 · a claim that is over sets no time', async () => {
      const job = await claimed();
      await retry(job, 150);
      await fails(job);
      await reclaimed(job.id, 'another');
      expect(await rows(sql.due, key(job))).toHaveLength(0);
    });

    test('3 · a burial ends the job and writes its letter, in one', async () => {
      const job = await claimed('a pool', { queueName: `serial ${name}`, priority: 3, flags: ['eu'] });
      expect(await bury(job)).toHaveLength(1);
      await fails(job);
      expect(await stored(job)).toMatchObject({ attempts: 1, max_attempts: 1 });
      expect(await letters()).toMatchObject([
        { id: job.id, payload: { to: 'ada' }, reason: 'not-retryable', attempts: 1 },
      ]);
      expect(
        await rows('select queue_name, priority, flags from ostinato_dead where id = $1', [job.id]),
      ).toEqual([{ queue_name: `serial ${name}`, priority: 3, flags: { eu: true } }]);
    });

    test('a redriven job is a new one with its priority, queue and flags, and the dead one is gone', async () => {
      const job = await claimed('a pool', { queueName: `serial ${name}`, priority: 3, flags: ['eu'] });
      await bury(job);
      await fails(job);
      expect(await deadLetters(pool, { task: 'another' }).redrive(job.id)).toBe(false);
      expect(await deadLetters(pool, { task: name }).redrive(job.id)).toBe(true);
      expect(
        await rows(
          'select queue_name, priority, flags, attempts, max_attempts from graphile_worker.jobs where task_identifier = $1',
          [name],
        ),
      ).toEqual([
        { queue_name: `serial ${name}`, priority: 3, flags: { eu: true }, attempts: 0, max_attempts: 32_767 },
      ]);
      expect(await letters()).toEqual([]);
    });

    test('4 · a success is recorded while the job is ours, also when it was replaced through its key', async () => {
      const job = await claimed('a pool', { jobKey: `key of ${name}` });
      expect(await done(job)).toHaveLength(1);
      await utils.addJob(name, { to: 'eve' }, { jobKey: `key of ${name}` });
      expect((await stored(job)).attempts).toBe(25);
      expect(await done(job)).toHaveLength(1);
    });

    test('1, 3, 4 · a worker that lost its job changes nothing', async () => {
      const job = await claimed('the old pool');
      await reclaimed(job.id, 'the new pool');
      const before = await stored(job);
      const history = await rows('select * from ostinato_attempts where job_id = $1', [job.id]);
      expect(await retry(job, 10)).toEqual([]);
      expect(await bury(job)).toEqual([]);
      expect(await done(job)).toEqual([]);
      await fails(job);
      expect(await free(100 * HOUR_MS, [claimKey(job.id, job.attempts, job.locked_by)])).toEqual([]);
      expect(await stored(job)).toEqual(before);
      expect(await rows('select * from ostinato_attempts where job_id = $1', [job.id])).toEqual(history);
      expect(await letters()).toEqual([]);
    });

    test('5 · the named claim is freed, with its queue, and keeps the delay that was decided', async () => {
      const job = await claimed('a pool', { queueName: `serial ${name}`, maxAttempts: 1 });
      await retry(job, 60_000);
      expect(await free(100 * HOUR_MS, [claimKey(job.id, 1, 'a pool')])).toEqual([{ id: job.id }]);
      expect(await stored(job)).toMatchObject({
        attempts: 1,
        max_attempts: 32_767,
        locked_by: null,
        due: false,
      });
      expect((await stored(job)).delay_ms).toBeCloseTo(60_000, 2);
      expect(
        await rows('select is_available from graphile_worker._private_job_queues where queue_name = $1', [
          `serial ${name}`,
        ]),
      ).toEqual([{ is_available: true }]);
    });

    test('5 · a job given back is due again, under its next fence, with no attempt lost', async () => {
      const job = await claimed('a pool');
      await rows(table.release, releaseValues(name, { id: job.id, fence: 1 }, 0));
      await free(100 * HOUR_MS, [claimKey(job.id, 1, 'a pool')]);
      expect(await stored(job)).toMatchObject({ attempts: 1, locked_by: null });
      await reclaimed(job.id, 'another');
      expect(
        await rows('select fence, attempt, outcome from ostinato_attempts where job_id = $1 order by fence', [
          job.id,
        ]),
      ).toEqual([
        { fence: 1, attempt: 1, outcome: 'released' },
        { fence: 2, attempt: 1, outcome: null },
      ]);
    });

    test('5 · the jobs of a pool are freed once it is silent, and no job of one that is heard', async () => {
      const lost = await claimed('silent');
      const kept = await claimed('heard');
      const stranger = await claimed('never heard of');
      await rows(sql.beat, [['silent', 'heard']]);
      await rows(`update ostinato_pools set beat_at = now() - interval '1 minute' where id = 'silent'`);
      const age = `update graphile_worker._private_jobs set locked_at = now() - interval '1 minute' where id = any($1)`;
      await rows(age, [[lost.id, kept.id, stranger.id]]);
      const freed = await free(30_000);
      expect(new Set(freed.map(({ id }) => id))).toEqual(new Set([lost.id, stranger.id]));
      expect((await stored(kept)).locked_by).toBe('heard');
      expect(await stored(lost)).toMatchObject({ locked_by: null, due: true });
    });

    test('5 · a job of tasks that never ran under us stays with the pool nobody has heard of', async () => {
      const { id } = await utils.addJob(`foreign ${name}`, {});
      await rows(
        `update graphile_worker._private_jobs set attempts = 1, locked_by = 'foreign', locked_at = now() - interval '1 minute' where id = $1`,
        [id],
      );
      expect((await free(30_000)).map((row) => row.id)).not.toContain(id);
    });

    test('5 · a job that was buried stays so when its lock is taken off', async () => {
      const job = await claimed('a pool');
      await bury(job);
      await free(100 * HOUR_MS, [claimKey(job.id, 1, 'a pool')]);
      expect(await stored(job)).toMatchObject({ attempts: 1, max_attempts: 1, locked_by: null });
    });

    test('5 · a job that graphile-worker’s delay made late is set right', async () => {
      const job = await claimed('a pool');
      await retry(job, 150);
      await fails(job);
      expect(await free(HOUR_MS, [], 0)).toEqual([]);
      expect(await free(HOUR_MS, [], HOUR_MS)).toEqual([{ id: job.id }]);
      expect((await stored(job)).delay_ms).toBeCloseTo(150, 2);
    });

    test('6 · a job that ran out of attempts in a crash is buried once, as stalled', async () => {
      const job = await claimed('a pool', { maxAttempts: 1 });
      await utils.forceUnlockWorkers(['a pool']);
      expect((await rows(sql.sweep)).map(({ id }) => id)).toContain(job.id);
      expect(await rows(sql.sweep)).toEqual([]);
      expect(await letters()).toMatchObject([
        { id: job.id, reason: 'stalled', attempts: 1, history: [{ attempt: 1, outcome: 'stalled' }] },
      ]);
      expect(await deadLetters(pool, { task: name }).purge()).toBe(1);
      expect(await rows(sql.sweep)).toEqual([]);
    });

    test('6 · a job that was replaced through its key, or has attempts left, is not buried', async () => {
      const replaced = await claimed('a pool', { jobKey: `key of ${name}` });
      await utils.addJob(name, {}, { jobKey: `key of ${name}` });
      const ready = await claimed('a pool');
      await fails(replaced);
      await fails(ready);
      expect(await rows(sql.sweep)).toEqual([]);
    });

    test('6 · a letter of an earlier job is written over, and that of the same job is not', async () => {
      const old = await claimed('a pool');
      await bury(old);
      await fails(old);
      await startAgain(old.id);
      await rows(
        `update graphile_worker._private_jobs set payload = '{"to":"eve"}', max_attempts = 1 where id = $1`,
        [old.id],
      );
      const anew = await reclaimed(old.id, 'another pool');
      await utils.forceUnlockWorkers(['another pool']);
      await rows(sql.sweep);
      expect(await letters()).toMatchObject([
        { id: anew.id, payload: { to: 'eve' }, reason: 'stalled', attempts: 1, history: [{}] },
      ]);
      // What the documentation lets people delete.
      await rows('update ostinato_dead set reason = $1 where id = $2', ['deadline', anew.id]);
      await rows('delete from ostinato_attempts where job_id = $1', [anew.id]);
      await rows(sql.sweep);
      expect(await letters()).toMatchObject([{ id: anew.id, reason: 'deadline' }]);
    });

    describe('with a runner', () => {
      test('the error reaches graphile-worker’s own listeners unchanged, and a dead job as failed for good', async () => {
        const events = new EventEmitter();
        const seen: unknown[] = [];
        const boom = new Error('boom');
        events.on('job:error', ({ error }) => seen.push(['error', error]));
        events.on('job:failed', ({ error }) => seen.push(['failed', error]));
        const runner = await wrapped(
          { maxRetries: 1, backoff: [0] },
          () => {
            throw boom;
          },
          { events },
        );
        // Enqueued with a limit that graphile-worker would have stopped at by itself.
        await utils.addJob(name, {}, { maxAttempts: 1 });
        await until(10_000, 'the job is dead', () => seen.length === 3);
        await runner.stop();
        expect(seen).toEqual([
          ['error', boom],
          ['error', boom],
          ['failed', boom],
        ]);
      });

      test('a text that Postgres refuses in an error is no trouble', async () => {
        const runner = await wrapped({ maxRetries: 0 }, () => {
          throw new Error('a NUL \0 in a text');
        });
        const { id } = await utils.addJob(name, {});
        await until(10_000, 'the job is dead', async () => (await letters()).length === 1);
        await until(10_000, 'graphile-worker has let it go', async () => {
          const [row] = await rows(
            'select last_error from graphile_worker._private_jobs where id = $1 and locked_at is null',
            [id],
          );
          return row?.last_error === 'a NUL \u2400 in a text';
        });
        await runner.stop();
      });

      test('a worker that was found out to have lost its job does not delete it', async () => {
        let end: (() => void) | undefined;
        const runner = await wrapped({ maxRetries: 3 }, async () => {
          await new Promise<void>((resolve) => {
            end = resolve;
          });
        });
        const { id } = await utils.addJob(name, {});
        await until(10_000, 'the job runs', () => end !== undefined);
        await rows(
          'update graphile_worker._private_jobs set locked_by = null, locked_at = null where id = $1',
          [id],
        );
        await reclaimed(id, 'another pool');
        end?.();
        await runner.stop();
        expect(
          await rows('select attempts, locked_by from graphile_worker._private_jobs where id = $1', [id]),
        ).toEqual([{ attempts: 2, locked_by: 'another pool' }]);
      });

      test('the documented exception: its completion is not fenced, and deletes a job that was lost after our check', async () => {
        const events = new EventEmitter();
        const runner = await wrapped({ maxRetries: 3 }, () => undefined, {
          events,
          preset: { worker: { completeJobBatchDelay: 500 } },
        });
        const finished = new Promise((resolve) => events.once('job:complete', resolve));
        const { id } = await utils.addJob(name, {});
        await finished;
        await rows(
          'update graphile_worker._private_jobs set locked_by = null, locked_at = null where id = $1',
          [id],
        );
        await reclaimed(id, 'another pool');
        await runner.stop();
        expect(await rows('select from graphile_worker._private_jobs where id = $1', [id])).toEqual([]);
      });

      test('a job replaced through its key while it waits is a new one, with all attempts and all its time', async () => {
        const policy = { maxRetries: 1, backoff: [60_000], maxElapsedMs: 2 * HOUR_MS };
        const anHourAgo = new Date(Date.now() - HOUR_MS);
        const jobKey = `key of ${name}`;
        const { id } = await utils.addJob(name, { v: 'old' }, { jobKey, runAt: anHourAgo });
        await once(policy, rejecting(new Error('busy')));

        // Its first attempt is cut short: it is given back, and not with the old delay.
        const again = await utils.addJob(name, { v: 'new' }, { jobKey });
        expect(again.id).toBe(id);
        let isRunning = false;
        const runner = await wrapped(
          policy,
          async (_job, { signal }) => {
            isRunning = true;
            await new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new Error('cut'))),
            );
          },
          { preset: { worker: { gracefulShutdownAbortTimeout: 20 } } },
        );
        await until(10_000, 'the job runs', () => isRunning);
        await runner.stop();
        const soon = `select run_at < now() + interval '2 seconds' as soon from graphile_worker.jobs where id = $1`;
        expect(await rows(soon, [id])).toEqual([{ soon: true }]);
        const fences = `select fence, attempt, outcome from ostinato_attempts where job_id = $1 and fence > 0 order by fence`;
        expect(await rows(fences, [id])).toEqual([{ fence: 1, attempt: 1, outcome: 'released' }]);

        // The next two are its own, and its time is counted from when it was due itself.
        const late = { ...policy, backoff: [0], maxElapsedMs: HOUR_MS / 2 };
        const begun: unknown[] = [];
        const fail: Parameters<typeof task>[1] = (job, its) => {
          begun.push([job.payload, its.attempt]);
          throw new Error('busy');
        };
        await once(late, fail);
        await once(late, fail);
        expect(begun).toEqual([
          [{ v: 'new' }, 1],
          [{ v: 'new' }, 2],
        ]);
        expect(await letters()).toMatchObject([
          { id, payload: { v: 'new' }, reason: 'retries-exhausted', attempts: 2, history: [{}, {}] },
        ]);
      });

      test('a dead job that is rescheduled is not run and has one letter, unless its attempts are set to 0', async () => {
        const { id } = await utils.addJob(name, {});
        let runs = 0;
        const fail = (): never => {
          runs += 1;
          throw permanent(new Error('declined'));
        };
        await once({}, fail);
        await utils.rescheduleJobs([id], { maxAttempts: 30, runAt: new Date() });
        await once({}, fail);
        expect(runs).toBe(1);
        expect(await letters()).toMatchObject([{ id, reason: 'not-retryable', attempts: 1 }]);
        await startAgain(id);
        await once({}, fail);
        expect(runs).toBe(2);
        expect(await letters()).toMatchObject([{ id, attempts: 1, history: [{ outcome: 'dead' }] }]);
      });

      test('a retry that falls due is not left to the next poll', async () => {
        const begunAt: number[] = [];
        const runner = await wrapped(
          { maxRetries: 1, backoff: [200] },
          () => {
            begunAt.push(performance.now());
            if (begunAt.length === 1) throw new Error('busy');
          },
          { pollInterval: 30_000 },
        );
        await utils.addJob(name, {});
        await until(10_000, 'both attempts have run', () => begunAt.length === 2);
        await runner.stop();
        const [first = NaN, second = NaN] = begunAt;
        expect(second - first).toBeGreaterThanOrEqual(198);
        expect(second - first).toBeLessThan(5_000);
      });

      test('a job that was due an hour ago runs once, and not again past its deadline', async () => {
        const attempts: number[] = [];
        const runner = await wrapped(
          { maxRetries: 5, backoff: [0], maxElapsedMs: HOUR_MS },
          (_job, { attempt }) => {
            attempts.push(attempt);
            throw new Error('busy');
          },
        );
        await utils.addJob(name, {}, { runAt: new Date(Date.now() - HOUR_MS) });
        await until(10_000, 'the job is dead', async () => (await letters()).length === 1);
        await runner.stop();
        expect(attempts).toEqual([1]);
        expect(await letters()).toMatchObject([{ reason: 'deadline', attempts: 1 }]);
      });

      test('graphile-worker’s own shutdown gives the job back, its attempt uncounted', async () => {
        let isRunning = false;
        const runner = await wrapped(
          { maxRetries: 0 },
          async (_job, { signal }) => {
            isRunning = true;
            await new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new Error('cut'))),
            );
          },
          { preset: { worker: { gracefulShutdownAbortTimeout: 20 } } },
        );
        const { id } = await utils.addJob(name, {});
        await until(10_000, 'the job runs', () => isRunning);
        await runner.stop();
        expect(
          await rows(
            'select locked_by, attempts < max_attempts as is_alive from graphile_worker._private_jobs where id = $1',
            [id],
          ),
        ).toEqual([{ locked_by: null, is_alive: true }]);
        expect(await rows('select outcome from ostinato_attempts where job_id = $1', [id])).toEqual([
          { outcome: 'released' },
        ]);
        expect(await letters()).toEqual([]);
      });

      test('recover knows each pool from its first moment, and forgets it when it has stopped', async () => {
        const events = new EventEmitter();
        const recovery = await recover(pool, { events, staleAfterMs: 60_000 });
        let poolId = '';
        events.on('pool:create', ({ workerPool }) => {
          poolId = workerPool.id;
        });
        const runner = await wrapped({}, () => undefined, { events });
        const heard = async () =>
          (await rows('select from ostinato_pools where id = $1', [poolId])).length === 1;
        await until(5_000, 'the pool is heard of', heard);
        await runner.stop();
        await recovery.stop();
        expect(
          ['job:complete', 'pool:create', 'pool:release'].map((event) => events.listenerCount(event)),
        ).toEqual(
          // The test's own, and nothing of recover's.
          [0, 1, 0],
        );
      });

      test('recover finds a runner that was started before it', async () => {
        const runner = await wrapped({}, () => undefined);
        const recovery = await recover(pool, { events: runner.events });
        await until(5_000, 'a pool is heard of', async () => {
          const found = await rows(`select from ostinato_pools where beat_at > now() - interval '3 seconds'`);
          return found.length > 0;
        });
        await recovery.stop();
        await runner.stop();
      });

      test('a schema that was dropped and made again has jobs of its own, whatever our tables remember', async () => {
        const url =
          'url' in postgres
            ? await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`)
            : '';
        const own = quietPool(new pg.Pool({ connectionString: url, max: 8 }));
        const ownUtils = await makeWorkerUtils({ pgPool: own, logger: silent });
        const dead = deadLetters(own);
        const stillThere = async () =>
          (await own.query('select id::text, payload from graphile_worker._private_jobs order by id')).rows;

        /** Job 1 of a new schema, after one attempt. */
        const first = async (v: number, error: Error): Promise<void> => {
          await own.query('drop schema if exists graphile_worker cascade');
          await ownUtils.migrate();
          await own.query(schema());
          expect((await ownUtils.addJob(name, { v })).id).toBe('1');
          await once({ backoff: [60_000] }, rejecting(error), own);
        };
        await first(1, permanent(new Error('one')));
        expect(await dead.list()).toMatchObject([ofJob1(1, 'one')]);
        await first(2, permanent(new Error('two')));
        expect(await dead.list()).toMatchObject([ofJob1(2, 'two')]);

        // The letter of a job is not about another one that waits under its id.
        await first(3, new Error('busy'));
        expect(await dead.list()).toMatchObject([ofJob1(2, 'two')]);
        expect(await dead.redrive('1')).toBe(true);
        expect(await stillThere()).toEqual([
          { id: '1', payload: { v: 3 } },
          { id: '2', payload: { v: 2 } },
        ]);
        await first(4, permanent(new Error('four')));
        await first(5, new Error('busy'));
        expect(await dead.purge()).toBe(1);
        expect(await stillThere()).toEqual([{ id: '1', payload: { v: 5 } }]);
        expect((await own.query('select outcome from ostinato_attempts where fence > 0')).rows).toEqual([
          { outcome: 'retry' },
        ]);
        await ownUtils.release();
        await own.end();
      });
    });
  },
);
