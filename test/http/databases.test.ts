import { describe, expect, test } from 'vitest';
import { classifyFailure, requestSent } from '../../src/http/index.js';

// The shapes are those of the real clients on a MariaDB 10.11, a PgBouncer 1.18, a Redis 7 and SQLite, most of which
// test/integrations makes anew; except where the name of a group says that they come from documentation or sources.

type Props = Readonly<Record<string, unknown>>;
const failure = (message: string, props: Props = {}): Error => Object.assign(new Error(message), props);

const mysql2 = (code: string, errno: number, sqlState: string, sqlMessage = 'x'): Error =>
  failure(sqlMessage, { code, errno, sqlState, sqlMessage, sql: 'x' });
const mariadb = (errno: number, sqlState: string | null, sqlMessage = 'x', props: Props = {}): Error =>
  failure(`(conn:7, no: ${errno}, SQLState: ${sqlState}) ${sqlMessage}`, {
    name: 'SqlError',
    errno,
    sqlState,
    sqlMessage,
    ...props,
  });
const fromPooler = (code: string, message: string): Error =>
  failure(message, { name: 'error', code, severity: 'FATAL' });
const reply = (message: string, props: Props = {}): Error =>
  failure(message, { name: 'ReplyError', ...props });
const nodeSqlite = (errcode: number): Error => failure('x', { code: 'ERR_SQLITE_ERROR', errcode });
const betterSqlite = (code: string): Error => failure('x', { name: 'SqliteError', code });

type Row = readonly [what: string, verdict: 'retry' | 'stop' | undefined, sent: string | undefined, Error];

const rows: Record<string, readonly Row[]> = {
  'MySQL and MariaDB': [
    ['deadlock', 'retry', 'yes', mysql2('ER_LOCK_DEADLOCK', 1213, '40001')],
    ['deadlock without a code', 'retry', 'yes', failure('x', { errno: 1213, sqlState: '40001' })],
    ['deadlock without a SQLSTATE', 'retry', 'yes', failure('x', { code: 'ER_LOCK_DEADLOCK', errno: 1213 })],
    ['deadlock by its SQLSTATE alone', 'retry', 'yes', failure('x', { sqlState: '40001' })],
    [
      'lock wait timeout is no lost connection',
      'retry',
      'yes',
      mysql2('ER_LOCK_WAIT_TIMEOUT', 1205, 'HY000'),
    ],
    ['too many connections', 'retry', 'no', mysql2('ER_CON_COUNT_ERROR', 1040, '08004')],
    [
      'too many connections of an account',
      'retry',
      'no',
      mysql2(
        'ER_USER_LIMIT_REACHED',
        1226,
        '42000',
        "User 'a' has exceeded the 'max_user_connections' resource",
      ),
    ],
    ['server shutting down', 'retry', 'maybe', mysql2('ER_SERVER_SHUTDOWN', 1053, '08S01')],
    ['connection killed', 'retry', 'maybe', mariadb(1927, '70100')],
    [
      'mysql2, connection lost',
      'retry',
      'maybe',
      failure('x', { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }),
    ],
    [
      'mysql2, the connection was lost before the query',
      'retry',
      'no',
      failure("Can't add new command when connection is in closed state", { fatal: true }),
    ],
    ['mysql2, pool without a free connection', 'retry', 'no', failure('No connections available.')],
    ['mysql2, full queue of a pool', 'retry', 'no', failure('Queue limit reached.')],
    ['mysql2, pool that the program has closed', 'stop', undefined, failure('Pool is closed.')],
    ['mariadb, socket closed', 'retry', 'maybe', mariadb(45_009, '08S01', 'x', { fatal: true })],
    ['mariadb, the connection was lost before the query', 'retry', 'no', mariadb(45_013, '08S01')],
    ['mariadb, no connection free in the pool', 'retry', 'no', mariadb(45_028, 'HY000')],
    [
      'mariadb, no connection because of the password',
      'stop',
      'no',
      mariadb(45_028, 'HY000', 'x', { cause: mariadb(1045, '28000') }),
    ],
    [
      'mariadb, no connection because nothing listens',
      'retry',
      'no',
      mariadb(45_061, null, 'x', {
        cause: failure('connect ECONNREFUSED 127.0.0.1:1', {
          code: 'ECONNREFUSED',
          errno: -111,
          syscall: 'connect',
          sqlState: 'HY000',
        }),
      }),
    ],
    ['mariadb, closed pool', 'stop', undefined, mariadb(45_027, 'HY000')],
    ['duplicate key', 'stop', 'yes', mysql2('ER_DUP_ENTRY', 1062, '23000')],
    ['duplicate key without a SQLSTATE', 'stop', 'yes', failure('x', { code: 'ER_DUP_ENTRY', errno: 1062 })],
    ['value too long', 'stop', 'yes', mysql2('ER_DATA_TOO_LONG', 1406, '22001')],
    ['no such column', 'stop', 'yes', mariadb(1054, '42S22')],
    ['no default', 'stop', 'yes', mysql2('ER_NO_DEFAULT_FOR_FIELD', 1364, 'HY000')],
    ['wrong password', 'stop', 'no', mysql2('ER_ACCESS_DENIED_ERROR', 1045, '28000')],
    ['KILL QUERY', 'stop', 'maybe', mysql2('ER_QUERY_INTERRUPTED', 1317, '70100')],
    ['statement timeout', 'stop', 'maybe', mariadb(1969, '70100')],
    ['no number of a server', undefined, undefined, failure('x', { errno: 1213 })],
    [
      'a system error with a SQLSTATE',
      'retry',
      'no',
      failure('connect ECONNREFUSED', { code: 'ECONNREFUSED', errno: -111, sqlState: '08S01' }),
    ],
  ],
  SQLite: [
    ...[5, 261, 517, 773, 6, 262, 518, 15].map((errcode): Row => [
      `node:sqlite ${errcode}`,
      'retry',
      'no',
      nodeSqlite(errcode),
    ]),
    ...[1, 8, 9, 13, 19, 787, 1299, 1555, 2067, 2579, 26].map((errcode): Row => [
      `node:sqlite ${errcode}`,
      'stop',
      'yes',
      nodeSqlite(errcode),
    ]),
    ...['BUSY', 'BUSY_SNAPSHOT', 'BUSY_RECOVERY', 'BUSY_TIMEOUT', 'LOCKED', 'LOCKED_SHAREDCACHE'].map(
      (name): Row => [`better-sqlite3 ${name}`, 'retry', 'no', betterSqlite(`SQLITE_${name}`)],
    ),
    ...['CONSTRAINT', 'CONSTRAINT_PRIMARYKEY', 'ERROR', 'READONLY_DBMOVED', 'MISMATCH', 'CORRUPT'].map(
      (name): Row => [`better-sqlite3 ${name}`, 'stop', 'yes', betterSqlite(`SQLITE_${name}`)],
    ),
  ],
  Redis: [
    ...['ERR max number of clients reached'].map((message): Row => [message, 'retry', 'no', reply(message)]),
    [
      'unblocked by a failover',
      'retry',
      'yes',
      reply('UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'),
    ],
    [
      'ioredis, which was not allowed to retry',
      'retry',
      'maybe',
      failure('Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest"'),
    ],
    [
      'ioredis, which has retried',
      'stop',
      undefined,
      failure('Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest"'),
    ],
    ['CLIENT UNBLOCK', 'stop', 'yes', reply('UNBLOCKED client unblocked via CLIENT UNBLOCK')],
    ['a stream that is gone', 'stop', 'yes', reply('UNBLOCKED the stream key no longer exists')],
    ...['READONLY You', 'LOADING Redis is loading', 'NOREPLICAS Not enough', 'MASTERDOWN Link'].map(
      (words): Row => [words, 'retry', 'yes', reply(`EXECABORT Transaction discarded because of: ${words}`)],
    ),
    ['OOM in a transaction', 'stop', 'yes', reply('EXECABORT Transaction discarded because of: OOM command')],
    [
      'READONLY as ioredis lists it',
      'retry',
      'yes',
      reply('EXECABORT Transaction discarded because of previous errors.', {
        previousErrors: [reply("READONLY You can't write against a read only replica.")],
      }),
    ],
    [
      'a wrong command as ioredis lists it',
      'stop',
      'yes',
      reply('EXECABORT Transaction discarded because of previous errors.', {
        previousErrors: [reply("ERR unknown command 'FOO'")],
      }),
    ],
    [
      'a setting with that name',
      'stop',
      'yes',
      reply('ERR The operating system is not able to handle the specified number of clients, try with 100'),
    ],
  ],
  PgBouncer: [
    ...[
      'server login has been failing, try again later (server_login_retry)',
      'no more connections allowed (max_client_conn)',
      'query_wait_timeout',
      'client_login_timeout (server down)',
      'client_idle_timeout',
    ].map((message): Row => [message, 'retry', 'no', fromPooler('08P01', message)]),
    ['server conn crashed?', 'retry', 'maybe', fromPooler('08P01', 'server conn crashed?')],
    ...['no such database: x', 'unsupported startup parameter: options', 'invalid message format'].map(
      (message): Row => [message, 'stop', 'yes', fromPooler('08P01', message)],
    ),
    ['the words of a pooler without its SQLSTATE', undefined, undefined, failure('query_wait_timeout')],
  ],
  // From its sources; there is none to run here.
  'Supavisor, as documented': [
    ...[
      'Max client connections reached',
      '(EMAXCONN) max client connections reached, limit: 200',
      'MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
      'max clients reached in session mode - max clients are limited to pool_size: 15',
      'Unable to check out process from the pool due to timeout',
      '(ECHECKOUTTIMEOUT) Pool checkout timeout. Request was dropped after 15000ms in Transaction mode.',
    ].map((message): Row => [message, 'retry', 'no', fromPooler('XX000', message)]),
    ['DbHandler exited', 'retry', 'maybe', fromPooler('XX000', 'DbHandler exited')],
    [
      'the connection to the database closed',
      'retry',
      'maybe',
      fromPooler(
        'XX000',
        '(EDBHANDLEREXITED) connection to database closed. Check logs for more information',
      ),
    ],
    ...[
      'Tenant or user not found',
      'max prepared statements limit reached. Limit: 100 per connection',
      'SSL connection is required',
      'could not open relation with OID 16384',
    ].map((message): Row => [message, 'stop', 'yes', fromPooler('XX000', message)]),
  ],
  'MySQL 8, clusters and proxies, as documented': [
    ['NOWAIT', 'retry', 'yes', mysql2('ER_LOCK_NOWAIT', 3572, 'HY000')],
    ['a snapshot that has changed', 'retry', 'yes', mariadb(1020, 'HY000')],
    ['deadlock of a distributed transaction', 'retry', 'yes', mysql2('ER_XA_RBDEADLOCK', 1614, 'XA102')],
    ['distributed transaction that took too long', 'retry', 'yes', mariadb(1613, 'XA106')],
    ['too many connections of a user', 'retry', 'no', mysql2('ER_TOO_MANY_USER_CONNECTIONS', 1203, '42000')],
    [
      'a quota of queries an hour',
      'stop',
      'yes',
      mysql2(
        'ER_USER_LIMIT_REACHED',
        1226,
        '42000',
        "User 'a' has exceeded the 'max_queries_per_hour' resource",
      ),
    ],
    [
      'a node of a cluster that is not ready',
      'retry',
      'no',
      mysql2('ER_UNKNOWN_COM_ERROR', 1047, '08S01', 'WSREP has not yet prepared node for application use'),
    ],
    ['network error on the server', 'retry', 'maybe', mysql2('ER_NET_READ_ERROR', 1158, '08S01')],
    ['check constraint', 'stop', 'yes', mysql2('ER_CHECK_CONSTRAINT_VIOLATED', 3819, 'HY000')],
    ['a way to log in that the client does not know', 'stop', 'no', mysql2('x', 1251, '08004')],
    ['blocked host', 'stop', 'no', mysql2('ER_HOST_IS_BLOCKED', 1129, 'HY000')],
    ['larger than max_allowed_packet', 'stop', 'yes', mysql2('ER_NET_PACKET_TOO_LARGE', 1153, '08S01')],
    ['completion unknown', 'stop', 'maybe', failure('x', { sqlState: '40003' })],
    [
      'an error that the server calls unknown',
      undefined,
      undefined,
      mysql2('ER_UNKNOWN_ERROR', 1105, 'HY000'),
    ],
    ['an unknown number', undefined, undefined, mysql2('UNKNOWN', 8999, 'HY000')],
    [
      'lost under a query, as the C client calls it',
      'retry',
      'maybe',
      failure('x', { code: 'CR_SERVER_LOST', errno: 2013 }),
    ],
  ],
  'Redis clusters, hosts and older clients, as documented or reported': [
    'ERR max number of clients + cluster connections reached',
    'max number of clients reached',
    'Ready check failed: ERR max number of clients reached',
    'ERR max concurrent connections exceeded. Limit: 1000',
  ].map((message): Row => [message, 'retry', 'no', reply(message)]),
  'newer PgBouncers, as in their sources': [
    ...[
      'server login has been failing, cached error: connect failed (server_login_retry)',
      'client connections exceeded (max_db_client_connections)',
      'pgbouncer cannot connect to server',
      'pgbouncer is shutting down',
      'server shutting down',
    ].map((message): Row => [message, 'retry', 'no', fromPooler('08P01', message)]),
    [
      'a login that fails of its password',
      'stop',
      'no',
      fromPooler(
        '08P01',
        'server login has been failing, cached error: FATAL: password authentication failed for user "a" (server_login_retry)',
      ),
    ],
  ],
  'libsql, as documented': [
    ['libsql, what is no answer of SQLite', undefined, undefined, betterSqlite('SQLITE_UNKNOWN')],
  ],
};

describe.each(Object.entries(rows))('%s', (_, group) => {
  test.each(group)('%s', (_what, verdict, sent, error) => {
    expect([classifyFailure(error), requestSent(error)]).toEqual([verdict, sent]);
    // As an ORM wraps it.
    const wrapped = new Error('Failed query: insert into t', { cause: error });
    expect([classifyFailure(wrapped), requestSent(wrapped)]).toEqual([verdict, sent]);
  });
});
