import pg from 'pg';
import { classifyFailure, requestSent } from 'ostinato/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPgBouncer } from '../servers/pgbouncer.js';
import { startPostgres } from '../servers/postgres.js';
import type { Server } from '../servers/server.js';
import { startCutter } from './cutter.js';
import { needed } from './needed.js';
import { failureOf, promisesOfPayments, type Recipe } from './payments.js';
import { postgresRival } from './postgres-rival.js';
import { recipe } from './recipes.js';

const postgres = await needed('Postgres', process.env['DATABASE_URL'], () => startPostgres({ fsync: false }));
const postgresUrl = 'url' in postgres ? postgres.url : '';
const pgbouncer =
  'missing' in postgres ? postgres : await needed('PgBouncer', undefined, () => startPgBouncer(postgresUrl));
const missing = 'missing' in pgbouncer ? pgbouncer.missing : undefined;

const judged = (error: unknown): unknown => [classifyFailure(error), requestSent(error)];

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'PgBouncer', () => {
  const ends: (() => Promise<unknown>)[] = [];
  const connect = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    ends.push(() => client.end());
    await client.connect();
    return client;
  };
  /** A PgBouncer with settings of its own; the cutter stands between it and Postgres. */
  const another = async (
    settings: Parameters<typeof startPgBouncer>[1],
  ): Promise<{ server: Server; cutter: Awaited<ReturnType<typeof startCutter>> }> => {
    const cutter = await startCutter(postgresUrl);
    const server = await startPgBouncer(cutter.url, settings);
    ends.push(
      () => cutter.stop().catch(() => {}),
      () => server.stop(),
    );
    return { server, cutter };
  };
  afterAll(async () => {
    for (const end of ends) await end();
    for (const each of [pgbouncer, postgres]) if ('server' in each) await each.server?.stop();
  });

  describe('the recipe for pg', () => {
    let rival: Awaited<ReturnType<typeof postgresRival>>;
    let cutter: Awaited<ReturnType<typeof startCutter>>;
    let exports: Recipe & { readonly pool: pg.Pool };
    beforeAll(async () => {
      rival = await postgresRival(postgresUrl);
      cutter = await startCutter('url' in pgbouncer ? pgbouncer.url : '');
      process.env['DATABASE_URL'] = cutter.url;
      exports = await recipe('docs/databases.md', 'pg');
    });
    afterAll(async () => {
      await exports.pool.end();
      await rival.end();
      await cutter.stop();
    });

    promisesOfPayments(
      () => exports,
      () => rival,
      () => cutter,
    );
  });

  test('a query that has waited too long for a server is retried, and was not sent', async () => {
    const { server } = await another({ default_pool_size: 1, query_wait_timeout: 1 });
    const [holder, waiting] = [await connect(server.url), await connect(server.url)];
    await holder.query('begin');
    const error = await failureOf(waiting.query('select 1'));
    await holder.query('rollback');
    expect(error.message).toBe('query_wait_timeout');
    expect(judged(error)).toEqual(['retry', 'no']);
  });

  test('one client too many is retried, and nothing was sent', async () => {
    const { server } = await another({ max_client_conn: 1 });
    await connect(server.url);
    const error = await failureOf(connect(server.url));
    expect(error.message).toMatch(/max_client_conn/);
    expect(judged(error)).toEqual(['retry', 'no']);
  });

  test('a server connection that breaks under a query is retried; it may have done the work', async () => {
    const { server, cutter } = await another({});
    const client = await connect(server.url);
    cutter.cutAtCommit();
    const error = await failureOf(client.query('select 1 as commit'));
    expect(error.message).toBe('server conn crashed?');
    expect(judged(error)).toEqual(['retry', 'maybe']);
  });

  test('a server that cannot be reached is retried, and nothing was sent', async () => {
    const { server, cutter } = await another({ query_wait_timeout: 1, server_login_retry: 15 });
    const [first, second] = [await connect(server.url), await connect(server.url)];
    await first.query('select 1');
    await cutter.stop();
    const errors = [
      await failureOf(first.query('select 1')),
      // By now PgBouncer knows that the server does not answer.
      await failureOf(second.query('select 1')),
    ];
    expect(errors[1]?.message).toMatch(/server_login_retry/);
    expect(errors.map(judged)).toEqual([
      ['retry', 'no'],
      ['retry', 'no'],
    ]);
  });

  test('a database that does not exist stops', async () => {
    const url = new URL('url' in pgbouncer ? pgbouncer.url : '');
    url.pathname = '/nowhere';
    expect(classifyFailure(await failureOf(connect(url.href)))).toBe('stop');
  });

  test('a constraint stops, as without PgBouncer', async () => {
    const client = await connect('url' in pgbouncer ? pgbouncer.url : '');
    const error = await failureOf(
      client.query('begin; create table once (id int primary key); insert into once values (1), (1)'),
    );
    expect(judged(error)).toEqual(['stop', 'yes']);
  });
});
