import { randomUUID } from 'node:crypto';
import pg from 'pg';
import postgres from 'postgres';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import {
  consume,
  type ConsumeOptions,
  deadLetters,
  type Listen,
  type SqlClient,
  type TableJob,
  tableQueue,
} from '../../src/queues/postgres/index.js';
import { describeConsumer } from '../queues/postgres/consuming.js';
import { describeStatements } from '../queues/postgres/statements.js';
import { createDatabase } from './postgres.js';

const service = inject('services').postgres;
const missing = 'missing' in service ? service.missing : undefined;

const database = (): Promise<string> =>
  createDatabase('url' in service ? service.url : '', `t_${randomUUID().replaceAll('-', '')}`);

/** One session, so that a transaction is one. */
async function onPgClient() {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  return { client, close: () => client.end() };
}

async function onPg() {
  const connectionString = await database();
  const pool = new pg.Pool({ connectionString });
  const listen: Listen = async (channel, onNotify) => {
    const session = new pg.Client({ connectionString });
    await session.connect();
    session.on('notification', ({ payload = '' }) => onNotify(payload));
    await session.query(`listen ${channel}`);
    return () => session.end();
  };
  return { client: pool, listen, close: () => pool.end() };
}

async function onPostgresJs() {
  const sql = postgres(await database(), { max: 1, onnotice: () => undefined });
  const client: SqlClient = {
    query: async (text, values = []) => ({ rows: await sql.unsafe(text, values) }),
  };
  return {
    client,
    listen: async (channel: string, onNotify: (payload: string) => void) => {
      const listening = await sql.listen(channel, onNotify);
      return () => listening.unlisten();
    },
    close: () => sql.end({ timeout: 1 }),
  };
}

describe.skipIf(missing)(`the table on a server${missing ? ` (not run: ${missing})` : ''}`, () => {
  describeStatements('pg', onPgClient);
  describeStatements('postgres.js', onPostgresJs);
  describeConsumer('pg', onPg);
  describeConsumer('postgres.js', onPostgresJs);

  describe('under contention', () => {
    let url: string;
    beforeAll(async () => {
      url = await database();
    });

    test('30 concurrent claimers on 5 000 jobs claim each of them once', { timeout: 120_000 }, async () => {
      const pool = new pg.Pool({ connectionString: url, max: 30 });
      try {
        const q = tableQueue({ table: 'jobs' });
        await pool.query(q.schema().text);
        await pool.query(
          `insert into jobs (queue, payload) select 'mail', to_jsonb(n) from generate_series(1, 5000) as n`,
        );
        const claims = await Promise.all(
          Array.from({ length: 30 }, async (_, worker) => {
            const claimed: string[] = [];
            for (;;) {
              const claim = q.claim('mail', 1 + (worker % 10), `w${worker}`, 60_000);
              const { rows } = await pool.query(claim.text, claim.values);
              if (rows.length === 0) return claimed;
              claimed.push(...rows.map(({ id }) => id));
            }
          }),
        );
        const ids = claims.flat();
        expect(ids).toHaveLength(5_000);
        expect(new Set(ids).size).toBe(5_000);
        const { rows } = await pool.query('select attempt, fence from jobs group by attempt, fence');
        expect(rows).toEqual([{ attempt: 1, fence: '1' }]);
      } finally {
        await pool.end();
      }
    });

    test.each([true, false])(
      'of many redrives of one letter one succeeds (its row is there: %s)',
      async (isThere) => {
        const pool = new pg.Pool({ connectionString: url, max: 10 });
        const name = `redriven_${isThere}`;
        const q = tableQueue({ table: name });
        try {
          await pool.query(q.schema());
          await pool.query(q.add('mail', 'again'));
          const [job] = (await pool.query<TableJob>(q.claim('mail', 1, 'w', 1_000))).rows;
          await pool.query(q.bury(job!, 'not-retryable'));
          if (!isThere) await pool.query(`delete from ${name}`);
          const letters = deadLetters(pool, q, 'mail');
          const redriven = await Promise.all(Array.from({ length: 10 }, () => letters.redrive(job!.id)));
          expect(redriven.filter(Boolean)).toHaveLength(1);
          const { rows } = await pool.query(`select id::text, payload, state, attempt from ${name}`);
          expect(rows).toEqual([{ id: job!.id, payload: 'again', state: 'ready', attempt: 0 }]);
        } finally {
          await pool.end();
        }
      },
    );

    test('many processes that create the schema at once all find it', async () => {
      const pool = new pg.Pool({ connectionString: url, max: 10 });
      try {
        const { text, values } = tableQueue({ table: 'created_at_once' }).schema();
        await Promise.all(Array.from({ length: 10 }, () => pool.query(text, values)));
        const { rows } = await pool.query(`select count(*)::int as n from created_at_once`);
        expect(rows).toEqual([{ n: 0 }]);
      } finally {
        await pool.end();
      }
    });

    test('a schema that is there needs no lock: it does not wait for a long transaction', async () => {
      const pool = new pg.Pool({ connectionString: url, max: 2 });
      const q = tableQueue({ table: 'busy' });
      try {
        await pool.query(q.schema().text);
        const busy = await pool.connect();
        await busy.query('begin; lock table busy, busy_dead in row exclusive mode');
        await pool.query(`set lock_timeout = '2s'; ${q.schema().text}`);
        await busy.query('rollback');
        busy.release();
      } finally {
        await pool.end();
      }
    });

    /** Jobs whose handlers settle them in a transaction of their own, which takes longer than a lease. */
    async function pay(concurrency: number, max: number, options: ConsumeOptions<any>) {
      const pool = new pg.Pool({ connectionString: url, max });
      const name = `pay_${max}`;
      const q = tableQueue({ table: name });
      try {
        await pool.query(q.schema());
        await pool.query(`create table ${name}_ledger (id text)`);
        for (let n = 0; n < concurrency; n++) await pool.query(q.add('pay', n));
        let starts = 0;
        const handler = async (job: TableJob): Promise<void> => {
          starts += 1;
          const client = await pool.connect();
          try {
            await client.query('begin');
            await client.query(`insert into ${name}_ledger values ($1)`, [job.id]);
            await client.query('select pg_sleep(1.5)');
            const { rows } = await client.query(q.complete(job));
            if (rows.length === 0) throw new Error('Somebody else has this job');
            await client.query('commit');
          } catch (error) {
            await client.query('rollback');
            throw error;
          } finally {
            client.release();
          }
        };
        const consumer = consume(pool, q, 'pay', { maxRetries: 5 }, handler, { concurrency, ...options });
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        await consumer.stop();
        const { rows } = await pool.query(`select count(*)::int as paid from ${name}_ledger`);
        return { starts, paid: rows[0].paid };
      } finally {
        await pool.end();
      }
    }

    test('handlers that hold connections leave heartbeats some of a pool that is larger than `concurrency`', async () => {
      const told: unknown[] = [];
      const onError = (error: unknown) => told.push(error);
      expect(await pay(4, 6, { leaseMs: 600, onError })).toEqual({ starts: 4, paid: 4 });
      expect(told).toEqual([]);
    });

    test('handlers that hold all connections of the pool lose their leases, and `onError` is told so', async () => {
      const told: unknown[] = [];
      await pay(4, 4, { leaseMs: 600, onError: (error) => told.push(error) });
      expect(told).toContainEqual(
        expect.objectContaining({
          name: 'AbortError',
          message: expect.stringMatching(/^The lease of job \d+ was lost: .*connections of the pool$/),
        }),
      );
    });

    test('a consumer does not run hot while all that is due is locked by somebody else', async () => {
      const pool = new pg.Pool({ connectionString: url, max: 4 });
      const q = tableQueue({ table: 'locked' });
      try {
        await pool.query(q.schema().text);
        const add = q.add('mail', 1);
        await pool.query(add.text, add.values);
        const other = await pool.connect();
        await other.query('begin; select * from locked for update');
        let asked = 0;
        let done!: () => void;
        const ran = new Promise<void>((resolve) => {
          done = resolve;
        });
        const consumer = consume(
          { query: (text, values) => (asked++, pool.query(text, values)) },
          q,
          'mail',
          {},
          () => done(),
        );
        await new Promise((resolve) => setTimeout(resolve, 300));
        // Two statements each 25 ms, at the most.
        expect(asked).toBeLessThanOrEqual(26);
        await other.query('rollback');
        other.release();
        await ran;
        await consumer.stop();
      } finally {
        await pool.end();
      }
    });
  });
});
