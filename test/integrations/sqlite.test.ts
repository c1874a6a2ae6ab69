import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifyFailure, requestSent } from 'ostinato/http';
import { reportOf } from 'ostinato';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { failureOf, type Recipe } from './payments.js';
import { recipe } from './recipes.js';

const missing = inject('missingPackages');

interface Connection {
  exec(text: string): unknown;
  close(): unknown;
}

const clients: Record<string, () => Promise<(file: string) => Connection>> = {
  'better-sqlite3': async () => {
    const { default: Database } = await import('better-sqlite3');
    return (file) => new Database(file, { timeout: 0 });
  },
  'node:sqlite': async () => {
    const { DatabaseSync } = await import('node:sqlite');
    return (file) => new DatabaseSync(file);
  },
};

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('no error came');
};
const judged = (error: unknown): unknown => [classifyFailure(error), requestSent(error)];

describe.skipIf(missing).each(Object.entries(clients))('%s', (name, load) => {
  const folder = mkdtempSync(join(tmpdir(), 'ostinato-sqlite-'));
  const file = join(folder, 'shop.db');
  let open: (file: string) => Connection;
  let one: Connection;
  let other: Connection;
  let exports: Recipe & { readonly db: Connection };

  beforeAll(async () => {
    open = await load();
    one = open(file);
    one.exec(`
      pragma journal_mode = wal;
      create table payments (id text primary key, cents int not null check (cents > 0));
      create table accounts (id integer primary key, cents int not null);
      insert into accounts values (1, 100), (2, 100)`);
    other = open(file);
    process.env['SQLITE_FILE'] = file;
    exports = await recipe('docs/databases.md', name);
  });
  afterAll(() => {
    for (const connection of [exports.db, one, other]) connection.close();
    rmSync(folder, { recursive: true });
  });

  test('the recipe waits for a lock without blocking the event loop', async () => {
    one.exec('begin immediate');
    const paid = exports.pay('a', 1, 2, 10);
    // The lock goes away when the event loop turns: a client that blocks it would never get it.
    setTimeout(() => one.exec('commit'), 5);
    await paid;
  });

  test('the recipe does not retry a duplicate key', async () => {
    const error = await failureOf(exports.pay('a', 1, 2, 10));
    expect(reportOf(error)).toMatchObject({ reason: 'not-retryable', attempts: { length: 1 } });
    expect(requestSent(error)).toBe('yes');
  });

  test('a lock of another connection is retried, and nothing was done', () => {
    one.exec('begin immediate');
    const error = thrownBy(() => other.exec('begin immediate'));
    one.exec('rollback');
    expect(judged(error)).toEqual(['retry', 'no']);
  });

  test('a snapshot that another connection has made old is retried', () => {
    one.exec('begin; select * from accounts');
    other.exec('update accounts set cents = cents + 1');
    const error = thrownBy(() => one.exec('update accounts set cents = cents + 1'));
    one.exec('rollback');
    expect(judged(error)).toEqual(['retry', 'no']);
  });

  test.each([
    ['a duplicate key', 'insert into accounts values (1, 1)'],
    ['a check', `insert into payments values ('x', 0)`],
    ['a missing value', `insert into payments values ('x', null)`],
    ['syntax', 'selec 1'],
    ['a table that does not exist', 'select * from nowhere'],
    ['a wrong type', `insert into accounts values ('one', 1)`],
    ['a database that may only be read', 'pragma query_only = on; delete from accounts'],
  ])('%s stops', (_what, text) => {
    const error = thrownBy(() => other.exec(text));
    other.exec('pragma query_only = off');
    expect(judged(error)).toEqual(['stop', 'yes']);
  });
});

test('node:sqlite: a table that the same connection reads is retried', async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(':memory:');
  db.exec('create table t (x); insert into t values (1), (2)');
  const rows = db.prepare('select * from t').iterate();
  rows.next();
  const error = thrownBy(() => db.exec('drop table t'));
  expect(error).toMatchObject({ errcode: 6 });
  expect(judged(error)).toEqual(['retry', 'no']);
});
