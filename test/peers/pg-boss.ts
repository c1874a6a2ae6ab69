import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { createDatabase, startPostgres } from '../servers/postgres.js';
import { asTimer, type Peer } from './judge.js';

/** As many as the kit samples of a schedule that draws its own chance. */
const jobs = 2_048;

export const settings = { retryLimit: 20, retryDelay: 100, retryDelayMax: 1_000, retryBackoff: true };
export const claims: Peer['claims'] = { baseMs: 100_000, capMs: 1_000_000, jittered: true, ownRandom: true };

/**
 * The delays pg-boss gives to 2 048 jobs that fail again and again, in a real Postgres: for each retry, all of them.
 * The failing is done inside a transaction, where `now()` stands still, so that they are known exactly.
 */
export async function pgBossDelays(retries: number): Promise<number[][]> {
  const server = await startPostgres({ fsync: false });
  try {
    const connectionString = await createDatabase(server.url, 'peers');
    const client = new pg.Client({ connectionString });
    const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
    await client.connect();
    await boss.start();
    try {
      await boss.createQueue('peers', settings);
      await boss.insert(
        'peers',
        Array.from({ length: jobs }, () => ({ data: {} })),
      );
      const delays = [];
      for (let retry = 1; retry <= retries; retry++) delays.push(await failAll(boss, client));
      return delays;
    } finally {
      await boss.stop({ graceful: false });
      await client.end();
    }
  } finally {
    await server.stop();
  }
}

async function failAll(boss: PgBoss, client: pg.Client): Promise<number[]> {
  const fetched = await boss.fetch('peers', { batchSize: jobs });
  const ids = fetched.map(({ id }) => id);
  await client.query('begin');
  await boss.fail('peers', ids, null, { db: { executeSql: (text, values) => client.query(text, values) } });
  const { rows } = await client.query<{ ms: number }>(
    'select (extract(epoch from start_after - now()) * 1000)::float8 ms from pgboss.job where id = any($1::uuid[])',
    [ids],
  );
  await client.query('update pgboss.job set start_after = now() where id = any($1::uuid[])', [ids]);
  await client.query('commit');
  return rows.map(({ ms }) => asTimer(ms));
}
