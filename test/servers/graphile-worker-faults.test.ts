import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type JobHelpers, Logger, makeWorkerUtils, run, type WorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { deadLetters, recover, schema, task } from '../../src/queues/graphile-worker/index.js';
import { atEveryStatement, expectSound, type Fault, Faulty, type Run } from './faults.js';
import { createDatabase } from './postgres.js';
import { quietPool } from './quiet-pool.js';
import { until } from './trial.js';

const { postgres } = inject('services');
const missing = 'missing' in postgres ? postgres.missing : undefined;
const policy = { maxRetries: 2, backoff: 'constant', baseDelayMs: 100, jitter: 'none' } as const;
const silent = new Logger(() => () => undefined);

describe.skipIf(missing)(
  missing ? `not run: ${missing}` : 'graphile-worker, with one statement of the adapter failing',
  () => {
    let pool: pg.Pool;
    let utils: WorkerUtils;

    beforeAll(async () => {
      const url =
        'url' in postgres ? await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`) : '';
      pool = quietPool(new pg.Pool({ connectionString: url, max: 60 }));
      utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
      await utils.migrate();
      await pool.query(schema());
    });
    afterAll(async () => {
      await utils.release();
      await pool.end();
    });

    /** One job that runs as told, with one fault; what became of it. */
    async function trial(fault: Fault, handler: (attempt: number) => void) {
      const name = `task ${randomUUID()}`;
      const faults = new Faulty(fault);
      faults.arm();
      const runs: Run[] = [];
      const wrapped = task(policy, (_job, { attempt }) => {
        runs.push({ attempt, atMs: performance.now() });
        handler(attempt);
      });
      const events = new EventEmitter();
      const recovery = await recover(pool, { events, staleAfterMs: 1_000 });
      const runner = await run({
        pgPool: pool,
        events,
        concurrency: 1,
        pollInterval: 500,
        noHandleSignals: true,
        logger: silent,
        taskList: {
          [name]: (payload: unknown, helpers: JobHelpers) =>
            wrapped(payload, {
              job: helpers.job,
              abortSignal: helpers.abortSignal,
              query: (text, values) => faults.run(() => helpers.query(text, values)),
            }),
        },
      });
      const { id } = await utils.addJob(name, {});
      let state: string | undefined;
      await until(30_000, 'the job is done or dead', async () => {
        const { rows } = await pool.query(
          `select j.id, d.id is not null and j.locked_at is null as dead
           from graphile_worker._private_jobs j left join ostinato_dead d on d.id = j.id where j.id = $1`,
          [id],
        );
        state = rows.length === 0 ? 'done' : rows[0].dead ? 'dead' : undefined;
        return state !== undefined;
      });
      await runner.stop();
      await recovery.stop();
      return { faults, runs, state, letters: await deadLetters(pool, { task: name }).list() };
    }

    test('a job that succeeds at its second attempt does so', { timeout: 120_000 }, async () => {
      const statements = await atEveryStatement(async (fault) => {
        const { faults, runs, state, letters } = await trial(fault, (attempt) => {
          if (attempt === 1) throw new Error('busy');
        });
        expectSound(runs, policy);
        expect([state, letters]).toEqual(['done', []]);
        return faults;
      });
      // Fewer would mean that the faults did not reach what they were made for.
      expect(statements).toBeGreaterThanOrEqual(5);
    });

    test('a job that always fails leaves one letter with all attempts', { timeout: 120_000 }, async () => {
      await atEveryStatement(async (fault) => {
        const { faults, runs, letters } = await trial(fault, () => {
          throw new Error('busy');
        });
        expectSound(runs, policy);
        expect(letters).toHaveLength(1);
        expect(letters[0]?.attempts).toBe(3);
        return faults;
      });
    });

    test('a job that is not retryable runs once and leaves one letter', { timeout: 120_000 }, async () => {
      await atEveryStatement(async (fault) => {
        const { faults, runs, letters } = await trial(fault, () => {
          throw permanent(new Error('declined'));
        });
        expect(runs.length).toBeLessThanOrEqual(1);
        expect(letters).toHaveLength(1);
        return faults;
      });
    });
  },
);
