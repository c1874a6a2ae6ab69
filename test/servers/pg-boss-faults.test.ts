import { randomUUID } from 'node:crypto';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { type Boss, deadLetters, queueOptions, work } from '../../src/queues/pg-boss/index.js';
import { atEveryStatement, expectSound, type Fault, Faulty, type Run } from './faults.js';
import { createDatabase } from './postgres.js';
import { until } from './trial.js';

const { postgres } = inject('services');
const missing = 'missing' in postgres ? postgres.missing : undefined;
const policy = { maxRetries: 2, backoff: 'constant', baseDelayMs: 100, jitter: 'none' } as const;

describe.skipIf(missing)(
  missing ? `not run: ${missing}` : 'pg-boss, with one statement of the adapter failing',
  () => {
    let boss: PgBoss;

    beforeAll(async () => {
      const url =
        'url' in postgres ? await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`) : '';
      boss = new PgBoss({
        connectionString: url,
        max: 40,
        superviseIntervalSeconds: 1,
        monitorIntervalSeconds: 1,
      });
      boss.on('error', () => undefined);
      await boss.start();
    });
    afterAll(() => boss.stop({ graceful: false }));

    /** The real pg-boss, but for what the adapter itself says to the database. */
    function faulty(faults: Faulty): Boss {
      const db = boss.getDb();
      const troubled = (real: typeof db) => ({
        executeSql: (text: string, values?: unknown[]) => faults.run(() => real.executeSql(text, values)),
      });
      const getDb = () => ({
        ...troubled(db),
        async beginTransaction() {
          await faults.run(() => Promise.resolve());
          const tx = await db.beginTransaction?.();
          if (!tx) throw new Error('no transactions');
          return {
            db: troubled(tx.db),
            commit: () => faults.run(() => tx.commit()),
            rollback: () => tx.rollback(),
          };
        },
      });
      return new Proxy(boss, {
        get(target, key: keyof PgBoss) {
          if (key === 'getDb') return getDb;
          const value: unknown = target[key];
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    }

    /** One job that runs as told, with one fault; what became of it. */
    async function trial(fault: Fault, handler: (attempt: number) => void) {
      const name = `q${randomUUID()}`;
      const dead = `${name}-dead`;
      await boss.createQueue(dead);
      await boss.createQueue(name, { ...queueOptions(policy, { deadLetter: dead }), expireInSeconds: 2 });
      const faults = new Faulty(fault);
      const runs: Run[] = [];
      const worker = await work(
        faulty(faults),
        name,
        policy,
        (_job, { attempt }) => {
          runs.push({ attempt, atMs: performance.now() });
          handler(attempt);
        },
        { pollingIntervalSeconds: 0.5 },
      );
      faults.arm();
      const id = await boss.send(name, {});
      let state: string | undefined;
      await until(30_000, 'the job is done or dead', async () => {
        state = (await boss.findJobs(name, { id: id ?? '' }))[0]?.state;
        return state === 'completed' || state === 'failed';
      });
      await worker.stop();
      return { faults, runs, state, letters: await deadLetters(boss, dead).list() };
    }

    test('a job that succeeds at its second attempt does so', { timeout: 120_000 }, async () => {
      const statements = await atEveryStatement(async (fault) => {
        const { faults, runs, state } = await trial(fault, (attempt) => {
          if (attempt === 1) throw new Error('busy');
        });
        expectSound(runs, policy);
        expect(state).toBe('completed');
        return faults;
      });
      // Fewer would mean that the faults did not reach what they were made for.
      expect(statements).toBeGreaterThanOrEqual(8);
    });

    test('a job that always fails leaves one letter with all attempts', { timeout: 120_000 }, async () => {
      await atEveryStatement(async (fault) => {
        const { faults, runs, letters } = await trial(fault, () => {
          throw new Error('busy');
        });
        expectSound(runs, policy);
        expect(letters).toMatchObject([{ reason: 'retries-exhausted', attempts: 3 }]);
        expect(letters[0]?.history.map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'dead']);
        return faults;
      });
    });

    test('a job that is not retryable runs once and leaves one letter', { timeout: 120_000 }, async () => {
      await atEveryStatement(async (fault) => {
        const { faults, runs, letters } = await trial(fault, () => {
          throw permanent(new Error('declined'));
        });
        expect(runs).toHaveLength(1);
        expect(letters).toMatchObject([{ reason: 'not-retryable', attempts: 1 }]);
        return faults;
      });
    });
  },
);
