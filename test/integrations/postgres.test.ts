import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { reportOf } from 'ostinato';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, startPostgres } from '../servers/postgres.js';
import { startCutter } from './cutter.js';
import { needed } from './needed.js';
import { failureOf, promisesOfPayments, type Recipe } from './payments.js';
import { postgresRival } from './postgres-rival.js';
import { recipe } from './recipes.js';

const postgres = await needed('Postgres', process.env['DATABASE_URL'], () => startPostgres({ fsync: false }));
const missing = 'missing' in postgres ? postgres.missing : undefined;

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'Postgres', () => {
  let rival: Awaited<ReturnType<typeof postgresRival>>;
  let cutter: Awaited<ReturnType<typeof startCutter>>;

  beforeAll(async () => {
    if (!('url' in postgres)) return;
    const url = await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`);
    rival = await postgresRival(url);
    cutter = await startCutter(url);
    process.env['DATABASE_URL'] = cutter.url;
  });
  afterAll(async () => {
    await rival.end();
    await cutter.stop();
    if ('server' in postgres) await postgres.server?.stop();
  });

  test('without an id, a COMMIT whose answer is lost stops', async () => {
    const { onlyIfSafe } = await recipe<{ onlyIfSafe: (work: () => Promise<void>) => Promise<void> }>(
      'docs/databases.md',
      'A COMMIT without an answer',
    );
    const pay = async (): Promise<void> => {
      const client = new pg.Client({ connectionString: cutter.url });
      client.on('error', () => {});
      await client.connect();
      try {
        await client.query('begin');
        await client.query('update accounts set cents = cents - 10 where id = 1');
        await client.query('commit');
      } finally {
        await client.end();
      }
    };
    await rival.reset();
    cutter.cutAtCommit();
    const error = await failureOf(onlyIfSafe(pay));
    expect(reportOf(error)).toMatchObject({ reason: 'not-retryable', attempts: { length: 1 } });
    expect(await rival.balances()).toEqual([90, 100]);

    // What has surely not happened is retried.
    const deadlock = Object.assign(new Error('x'), { code: '40P01', severity: 'ERROR' });
    let calls = 0;
    await onlyIfSafe(async () => {
      if (++calls === 1) throw deadlock;
    });
    expect(calls).toBe(2);
  });

  describe.each(['pg', 'drizzle'])('%s', (heading) => {
    let exports: Recipe & { readonly pool: pg.Pool };
    beforeAll(async () => {
      exports = await recipe('docs/databases.md', heading);
    });
    afterAll(() => exports.pool.end());

    promisesOfPayments(
      () => exports,
      () => rival,
      () => cutter,
      heading === 'drizzle' ? 'no' : 'maybe',
    );
  });
});
