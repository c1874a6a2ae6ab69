import type { PGlite } from '@electric-sql/pglite';
import type { Client, Pool, PoolClient } from 'pg';
import postgres from 'postgres';
import { expectTypeOf, test } from 'vitest';
import { consume, type Listen, type SqlClient, tableQueue } from '../../../src/queues/postgres/index.js';

test('pools and clients of pg, and PGlite, are clients as they are', () => {
  expectTypeOf<Pool>().toExtend<SqlClient>();
  expectTypeOf<Client>().toExtend<SqlClient>();
  expectTypeOf<PoolClient>().toExtend<SqlClient>();
  expectTypeOf<PGlite>().toExtend<SqlClient>();
});

test('postgres.js is one in three lines', () => {
  const sql = postgres();
  const client = {
    query: async (text: string, values: any[] = []) => ({ rows: await sql.unsafe(text, values) }),
  };
  expectTypeOf(client).toExtend<SqlClient>();
});

test('the listen of PGlite is one for us', () => {
  expectTypeOf<PGlite['listen']>().toExtend<Listen>();
});

test('the handler knows the payload it asks for', () => {
  const q = tableQueue({ table: 'jobs' });
  consume<{ to: string }>({} as SqlClient, q, 'mail', {}, (job) => {
    expectTypeOf(job.payload).toEqualTypeOf<{ to: string }>();
    expectTypeOf(job.id).toEqualTypeOf<string>();
  });
});

test('a statement can be handed to pg as it is', () => {
  const statement = tableQueue({ table: 'jobs' }).add('mail', 1);
  expectTypeOf((pool: Pool) => pool.query(statement)).returns.toExtend<Promise<{ rows: any[] }>>();
});

test('null is the same as not given, for each option', () => {
  const q = tableQueue({ table: 'jobs', dead: null, columns: { id: null } });
  tableQueue({ table: 'jobs', columns: null });
  q.add('mail', {}, { delayMs: null });
  q.add('mail', {}, null);
  const none = { classify: null, policyFor: null, onAttempt: null, name: null, random: null, signal: null };
  const own = { concurrency: null, leaseMs: null, pollMs: null, listen: null, worker: null, onError: null };
  const consumer = consume({} as SqlClient, q, 'mail', {}, () => undefined, { ...none, ...own, clock: null });
  void consumer.stop({ timeoutMs: null });
  void consumer.stop(null);
  consume({} as SqlClient, q, 'mail', {}, () => undefined, null);
});

test('`policyFor` and `onAttempt` know the failure and the job', () => {
  consume<{ to: string }>({} as SqlClient, tableQueue({ table: 'jobs' }), 'mail', {}, () => undefined, {
    policyFor: (failure) => (failure instanceof RangeError ? { maxRetries: 4 } : undefined),
    onAttempt: ({ job, outcome, durationMs }) => {
      expectTypeOf(job.payload).toEqualTypeOf<{ to: string }>();
      expectTypeOf(outcome).toEqualTypeOf<'done' | 'retry' | 'dead' | 'stalled'>();
      expectTypeOf(durationMs).toEqualTypeOf<number | undefined>();
    },
  });
});
