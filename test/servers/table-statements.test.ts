import { randomUUID } from 'node:crypto';
import pg from 'pg';
import postgres from 'postgres';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { consume, type SqlClient, tableQueue } from '../../src/queues/postgres/index.js';
import { describeConsumer } from '../queues/postgres/consuming.js';
import { describeStatements } from '../queues/postgres/statements.js';
import { createDatabase } from './postgres.js';

const service = inject('services').postgres;
const missing = 'missing' in service ? service.missing : undefined;

const database = (): Promise<string> =>
  createDatabase('url' in service ? service.url : '', `t_${randomUUID().replaceAll('-', '')}`);

/** One session, so that a transaction is one. */
async function onPg() {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  const listen = async (channel: string, onNotify: (payload: string) => void) => {
    const heard = ({ payload = '' }: pg.Notification): void => onNotify(payload);
    client.on('notification', heard);
    await client.query(`listen ${channel}`);
    return async () => {
      client.off('notification', heard);
      await client.query(`unlisten ${channel}`);
    };
  };
  return { client, listen, close: () => client.end() };
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
  describeStatements('pg', onPg);
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
