import { randomUUID } from 'node:crypto';
import { classifyFailure, requestSent } from 'ostinato/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMariaDb } from '../servers/mariadb.js';
import { needed } from './needed.js';
import { failureOf, until } from './payments.js';

const mariadb = await needed('MariaDB', process.env['MARIADB_URL'], startMariaDb);
const missing = 'missing' in mariadb ? mariadb.missing : undefined;

interface Connection {
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
}
interface Client {
  connect(how?: { user?: string; password?: string; database?: string; port?: number }): Promise<Connection>;
  /** Asks a pool of one connection, which is taken, for another. */
  fromFullPool(): Promise<unknown>;
}

const base = (): { host: string; port: number; user: string; database: string } => ({
  host: '127.0.0.1',
  port: Number(new URL('url' in mariadb ? mariadb.url : 'mysql://127.0.0.1:1').port),
  user: 'test',
  database: 'test',
});

const clients: Record<string, () => Promise<Client>> = {
  mysql2: async () => {
    const mysql = await import('mysql2/promise');
    return {
      async connect(how) {
        const connection = await mysql.createConnection({ ...base(), ...how });
        // A lost connection is an event too.
        connection.on('error', () => {});
        return connection;
      },
      async fromFullPool() {
        const pool = mysql.createPool({ ...base(), connectionLimit: 1, waitForConnections: false });
        try {
          await pool.getConnection();
          return await pool.getConnection();
        } finally {
          await pool.end();
        }
      },
    };
  },
  mariadb: async () => {
    const { createConnection, createPool } = await import('mariadb');
    return {
      async connect(how) {
        const connection = await createConnection({ ...base(), ...how });
        connection.on('error', () => {});
        return connection;
      },
      async fromFullPool() {
        const pool = createPool({ ...base(), connectionLimit: 1, acquireTimeout: 50 });
        const taken = await pool.getConnection();
        try {
          return await pool.getConnection();
        } finally {
          await taken.release();
          await pool.end();
        }
      },
    };
  },
};

const judged = (error: unknown): unknown => [classifyFailure(error), requestSent(error)];

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'MariaDB', () => {
  describe.each(Object.entries(clients))('%s', (_name, load) => {
    let client: Client;
    let connection: Connection;
    let observer: Connection;
    const open: Connection[] = [];
    const another = async (how?: Parameters<Client['connect']>[0]): Promise<Connection> => {
      const opened = await client.connect(how);
      open.push(opened);
      return opened;
    };
    const idOf = async (of: Connection): Promise<string> =>
      String(idIn(await of.query('select connection_id() as id')));
    /** Ends another connection's query, or the whole connection, when that query runs. */
    const kill = async (id: string, what: 'query' | 'connection'): Promise<void> => {
      await until('the query runs', async () =>
        /sleep/.test(
          JSON.stringify(
            await observer.query(
              `select info from information_schema.processlist where id = ${id} and info is not null`,
            ),
          ),
        )
          ? true
          : undefined,
      );
      await observer.query(`kill ${what} ${id}`);
    };

    beforeAll(async () => {
      client = await load();
      connection = await another();
      observer = await another();
      for (const text of [
        'create or replace table parents (id int primary key)',
        'create or replace table children (id int primary key, name varchar(3), parent int references parents (id))',
        'insert into parents values (1), (2)',
        `create or replace user modest@'%' identified by 'secret' with max_user_connections 1`,
        `create or replace user plain@'%'`,
        `grant all on test.* to modest@'%'`,
        `grant all on test.* to plain@'%'`,
      ]) {
        await connection.query(text);
      }
    });
    afterAll(async () => {
      await observer.query('drop table if exists children, parents');
      await Promise.allSettled(open.map((each) => each.end()));
    });

    test.each([
      ['a duplicate key', 'insert into parents values (1)'],
      ['a missing parent', 'insert into children values (1, null, 7)'],
      ['a value that is too long', `insert into children values (2, 'four', 1)`],
      ['syntax', 'selec 1'],
      ['a table that does not exist', 'select * from nowhere'],
      ['a column that does not exist', 'select nothing from parents'],
      ['a signal of a procedure', `begin not atomic signal sqlstate '45000'; end`],
    ])('%s stops', async (_what, text) => {
      expect(judged(await failureOf(connection.query(text)))).toEqual(['stop', 'yes']);
    });

    test('a wrong password stops, and nothing was sent', async () => {
      expect(judged(await failureOf(client.connect({ user: 'modest', password: 'wrong' })))).toEqual([
        'stop',
        'no',
      ]);
    });

    test('a database that does not exist stops', async () => {
      const [verdict] = judged(await failureOf(client.connect({ database: randomUUID() }))) as unknown[];
      expect(verdict).toBe('stop');
    });

    test('a deadlock of two connections is retried', async () => {
      const [one, other] = [await another(), await another()];
      await one.query('begin');
      await other.query('begin');
      await one.query('select * from parents where id = 1 for update');
      await other.query('select * from parents where id = 2 for update');
      const ends = await Promise.allSettled([
        one.query('select * from parents where id = 2 for update'),
        // One of them is the victim; the other one waits until that has rolled back.
        other.query('select * from parents where id = 1 for update'),
      ]);
      const errors = ends.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
      expect(errors.map(judged)).toEqual([['retry', 'yes']]);
      await one.query('rollback');
      await other.query('rollback');
    });

    test('a lock that is not free is retried', async () => {
      const holder = await another();
      await holder.query('begin');
      await holder.query('select * from parents where id = 1 for update');
      const error = await failureOf(connection.query('select * from parents where id = 1 for update nowait'));
      await holder.query('rollback');
      expect(judged(error)).toEqual(['retry', 'yes']);
    });

    test('a query that is killed stops', async () => {
      const id = await idOf(connection);
      const sleeping = failureOf(connection.query('select sleep(20)'));
      await kill(id, 'query');
      expect(judged(await sleeping)).toEqual(['stop', 'maybe']);
    });

    test('a query that takes too long stops', async () => {
      const text = 'set statement max_statement_time = 0.01 for select sleep(20)';
      expect(judged(await failureOf(connection.query(text)))).toEqual(['stop', 'maybe']);
    });

    test('a connection that is killed is retried; it may have done its work', async () => {
      const victim = await another();
      const id = await idOf(victim);
      const sleeping = failureOf(victim.query('select sleep(20)'));
      await kill(id, 'connection');
      expect(judged(await sleeping)).toEqual(['retry', 'maybe']);
      // The next query does not leave the client.
      expect(judged(await failureOf(victim.query('select 1')))).toEqual(['retry', 'no']);
    });

    test('a second connection of a user with a limit of one is retried, and nothing was sent', async () => {
      await another({ user: 'modest', password: 'secret' });
      const error = await failureOf(client.connect({ user: 'modest', password: 'secret' }));
      expect(judged(error)).toEqual(['retry', 'no']);
    });

    test('too many connections are retried, and nothing was sent', async () => {
      const crowd: Connection[] = [];
      await observer.query('set global max_connections = 10');
      const error = await failureOf(
        (async () => {
          for (let count = 0; count < 30; count++) crowd.push(await client.connect({ user: 'plain' }));
        })(),
      );
      await observer.query('set global max_connections = 151');
      await Promise.allSettled(crowd.map((each) => each.end()));
      expect(judged(error)).toEqual(['retry', 'no']);
    });

    test('a pool without a free connection is retried, and nothing was sent', async () => {
      expect(judged(await failureOf(client.fromFullPool()))).toEqual(['retry', 'no']);
    });

    test('a port where nothing listens is retried, and nothing was sent', async () => {
      expect(judged(await failureOf(client.connect({ port: 1 })))).toEqual(['retry', 'no']);
    });
  });

  const server = 'server' in mariadb ? mariadb.server : undefined;
  // Last, because it ends the server.
  test.skipIf(!server)('a server that shuts down is retried; it may have done the work', async () => {
    const connections = await Promise.all(
      Object.values(clients).map(async (load) => (await load()).connect()),
    );
    const errors = connections.map((connection) => failureOf(connection.query('select sleep(20)')));
    await server?.stop();
    expect((await Promise.all(errors)).map(judged)).toEqual([
      ['retry', 'maybe'],
      ['retry', 'maybe'],
    ]);
  });
});

/** The id in the first row: mysql2 gives rows and fields, mariadb rows. */
function idIn(result: unknown): unknown {
  const [first] = result as [unknown];
  const row = Array.isArray(first) ? (first[0] as unknown) : first;
  return (row as { id: unknown }).id;
}
