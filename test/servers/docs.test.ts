import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { attemptsTable, beginValues } from '../../src/queues/attempts-table.js';
import { recover, schema, task } from '../../src/queues/graphile-worker/index.js';
import { queueOptions, work } from '../../src/queues/pg-boss/index.js';
import { createDatabase } from './postgres.js';
import { quietPool } from './quiet-pool.js';
import { until } from './trial.js';

const page = readFileSync(new URL('../../docs/queues.md', import.meta.url), 'utf8');

/** The queries of one part of the page, each under the sentence that introduces it. */
function queriesOf(heading: string): (what: RegExp) => string {
  const part = page.split(/^(?=## )/m).find((section) => section.startsWith(`## ${heading}\n`)) ?? '';
  const queries = [...part.matchAll(/\n([^\n]+):\n\n```sql\n(.*?)```/gs)];
  if (queries.length !== 5) throw new Error(`${heading} has ${queries.length} queries`);
  return (what) => queries.find(([, title = '']) => what.test(title))?.[2] ?? expect.fail(String(what));
}

const { postgres } = inject('services');
const missing = 'missing' in postgres ? postgres.missing : undefined;
const policy = { maxRetries: 1, backoff: [50], jitter: 'none' } as const;
const table = attemptsTable('ostinato_attempts');

/** The first job succeeds at its second attempt, the second is not worth one, the third never runs. */
function handle({ kind }: { kind: string }, attempt: number): void {
  if (kind === 'flaky' && attempt === 1) throw new Error('connection reset');
  if (kind === 'declined') throw permanent(new RangeError('declined'));
}

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'the documentation of the Postgres hosts', () => {
  let pool: pg.Pool;
  let url = '';
  const rows = async (text: string): Promise<any[]> => (await pool.query(text)).rows;

  beforeAll(async () => {
    if ('url' in postgres) url = await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`);
    pool = quietPool(new pg.Pool({ connectionString: url }));
  });
  afterAll(() => pool.end());

  test('the statement that makes the side table is the one that is run', () => {
    const [, documented] = /```sql schema\n(.*?)\n```/s.exec(page) ?? [];
    expect(documented?.trim()).toBe(table.schema.trim());
  });

  test('the columns of our tables are all there, with their types', async () => {
    await pool.query(schema());
    const { rows: columns } = await pool.query(
      `select column_name as name, data_type as type from information_schema.columns
       where table_name in ('ostinato_attempts', 'ostinato_dead') order by table_name, ordinal_position`,
    );
    const documented = page
      .split(/^(?=## )/m)
      .filter((section) => /^## (pg-boss|graphile-worker)\n/.test(section))
      .flatMap((section) => [...section.matchAll(/^\| `(\w+)` +\| `([\w ]+)` +\|/gm)])
      .map(([, name, type]) => ({ name, type }));
    expect(documented).toEqual(columns);
  });

  describe('pg-boss', () => {
    const query = queriesOf('pg-boss');
    let boss: PgBoss;
    const ids: Record<string, string | null> = {};

    beforeAll(async () => {
      boss = new PgBoss({ connectionString: url, supervise: false });
      boss.on('error', () => undefined);
      await boss.start();
      await boss.createQueue('mail-dead');
      await boss.createQueue('mail', queueOptions(policy, { deadLetter: 'mail-dead' }));
      for (const kind of ['flaky', 'declined']) ids[kind] = await boss.send('mail', { kind });
      const worker = await work<{ kind: string }>(boss, 'mail', policy, (job, { attempt }) =>
        handle(job.data, attempt),
      );
      await until(10_000, 'both have ended', async () => {
        const jobs = await boss.findJobs('mail');
        return jobs.every(({ state }) => state === 'completed' || state === 'failed');
      });
      await worker.stop();
      // Claimed an hour ago by a worker that died, and due two hours ago.
      ids['lost'] = await boss.send('mail', { kind: 'lost' });
      await boss.fetch('mail');
      await pool.query(table.begin, beginValues('mail', [{ id: ids['lost'] ?? '', fence: 1 }]));
      await pool.query(`update pgboss.job set started_on = now() - interval '25 hours' where id = $1`, [
        ids['lost'],
      ]);
      ids['waiting'] = await boss.send('mail', { kind: 'waiting' });
      await pool.query(`update pgboss.job set start_after = now() - interval '2 hours' where id = $1`, [
        ids['waiting'],
      ]);
    });
    afterAll(() => boss.stop({ graceful: false }));

    test('the latest jobs come with what became of them', async () => {
      const latest = await rows(query(/^The latest/));
      const ours = latest.filter(({ queue }) => queue === 'mail');
      expect(ours.map(({ id, state, attempt, last_error }) => [id, state, attempt, last_error])).toEqual([
        [ids['waiting'], 'created', null, null],
        [ids['lost'], 'active', 1, null],
        [ids['declined'], 'failed', 1, 'declined'],
        [ids['flaky'], 'completed', 2, null],
      ]);
    });

    test('states are counted, with the oldest that is due', async () => {
      const ours = (await rows(query(/^How many/))).filter(({ queue }) => queue === 'mail');
      expect(ours.map(({ state, jobs }) => [state, jobs])).toEqual([
        ['created', 1],
        ['active', 1],
        ['completed', 1],
        ['failed', 1],
      ]);
      expect(ours[0].overdue.hours).toBe(2);
    });

    test('what has failed comes with reason and error', async () => {
      expect(await rows(query(/^What has failed/))).toMatchObject([
        {
          queue: 'mail',
          id: ids['declined'],
          reason: 'not-retryable',
          attempts: 1,
          error: 'RangeError',
          message: 'declined',
        },
      ]);
    });

    test('stalled jobs are those whose worker did not come back', async () => {
      expect(await rows(query(/lost by their workers/))).toEqual([
        { id: ids['lost'], queue: 'mail', state: 'active', lost_attempts: 1, is_running: true },
      ]);
    });

    test('the attempts of a job come with how late each retry was', async () => {
      const text = query(/^All attempts/).replace('00000000-0000-0000-0000-000000000000', ids['flaky'] ?? '');
      const attempts = await rows(text);
      expect(attempts).toMatchObject([
        { attempt: 1, outcome: 'retry', delay_ms: '50', late_ms: null, error: 'connection reset' },
        { attempt: 2, outcome: 'done', delay_ms: null, error: null },
      ]);
      expect(Number(attempts[1].late_ms)).toBeGreaterThanOrEqual(0);
    });
  });

  describe('graphile-worker', () => {
    const query = queriesOf('graphile-worker');
    const ids: Record<string, string> = {};

    beforeAll(async () => {
      const logger = new Logger(() => () => undefined);
      const utils = await makeWorkerUtils({ pgPool: pool, logger });
      await utils.migrate();
      await pool.query(schema());
      for (const kind of ['flaky', 'declined']) ids[kind] = (await utils.addJob('mail', { kind })).id;
      const events = new EventEmitter();
      const recovery = await recover(pool, { events });
      const runner = await run({
        pgPool: pool,
        events,
        logger,
        noHandleSignals: true,
        concurrency: 1,
        taskList: {
          mail: task<{ kind: string }>(policy, (job, { attempt }) => handle(job.payload, attempt)),
        },
      });
      await until(10_000, 'both have ended', async () => {
        const left = await rows(
          'select id from graphile_worker.jobs where locked_at is not null or attempts < max_attempts',
        );
        return left.length === 0;
      });
      await runner.stop();
      await recovery.stop();
      ids['lost'] = (await utils.addJob('mail', { kind: 'lost' })).id;
      await pool.query(
        `update graphile_worker._private_jobs set attempts = 2, locked_by = 'a pool', locked_at = now() where id = $1`,
        [ids['lost']],
      );
      await pool.query(table.begin, beginValues('mail', [{ id: ids['lost'], fence: 2 }]));
      await pool.query(`insert into ostinato_pools values ('a pool', now() - interval '2 minutes')`);
      const runAt = new Date(Date.now() - 7_200_000);
      ids['waiting'] = (await utils.addJob('mail', { kind: 'waiting' }, { runAt })).id;
      await utils.release();
    });

    test('the latest jobs come with what became of them', async () => {
      const latest = await rows(query(/^The latest/));
      expect(latest.map(({ id, state, attempts, last_error }) => [id, state, attempts, last_error])).toEqual([
        [ids['waiting'], 'ready', 0, null],
        [ids['lost'], 'running', 2, null],
        [ids['declined'], 'dead', 1, 'declined'],
      ]);
    });

    test('states are counted, with the oldest that is due', async () => {
      const counted = await rows(query(/^How many/));
      expect(counted.map(({ task: its, state, jobs }) => [its, state, jobs])).toEqual([
        ['mail', 'dead', 1],
        ['mail', 'ready', 1],
        ['mail', 'running', 1],
      ]);
      expect(counted[1].overdue.hours).toBe(2);
    });

    test('what has failed comes with reason and error', async () => {
      expect(await rows(query(/^What has failed/))).toMatchObject([
        {
          task: 'mail',
          id: ids['declined'],
          reason: 'not-retryable',
          attempts: 1,
          error: 'RangeError',
          message: 'declined',
        },
      ]);
    });

    test('stalled jobs are those whose worker did not come back', async () => {
      const stalled = await rows(query(/lost by their workers/));
      expect(stalled).toMatchObject([{ id: ids['lost'], task: 'mail', pool: 'a pool', lost_attempts: 1 }]);
      expect(stalled[0].silent_for.minutes).toBe(2);
    });

    test('the attempts of a job come with how late each retry was', async () => {
      const text = query(/^All attempts/).replace("job_id = '1'", `job_id = '${ids['flaky']}'`);
      const attempts = await rows(text);
      expect(attempts).toMatchObject([
        { attempt: 1, outcome: 'retry', delay_ms: '50', late_ms: null, error: 'connection reset' },
        { attempt: 2, outcome: 'done', delay_ms: null, error: null },
      ]);
      expect(Number(attempts[1].late_ms)).toBeGreaterThanOrEqual(0);
    });
  });
});
