import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromDebian } from './debian.js';
import { freePort, Server, temporaryFolder } from './server.js';

/**
 * A MariaDB in a temporary folder, on loopback, with an empty database `test` and a user `test` with all rights and without a
 * password. A lock wait ends after two seconds. Throws, with the reason, where it cannot be had.
 */
export async function startMariaDb(): Promise<Server> {
  const { command, env, root } = fromDebian({
    name: 'mariadb',
    path: 'usr/sbin/mariadbd',
    packages: [
      'mariadb-server-core',
      'libaio1',
      'liburing2',
      'libnuma1',
      'libpcre2-8-0',
      'liblz4-1',
      'libssl3',
    ],
  });
  const folder = temporaryFolder('mariadb');
  const share = join(root, 'usr/share/mysql');
  const settings = [
    '--no-defaults',
    `--basedir=${join(root, 'usr')}`,
    `--datadir=${folder}`,
    `--lc-messages-dir=${share}`,
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-log-file-size=4M',
    // The server refuses to run as root unless it is asked to.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  const made = spawnSync(command, [...settings, '--bootstrap'], {
    cwd: folder,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    input: [
      // A statement of its own: the bootstrap reads one statement at a time, and `use` needs the database.
      'create database mysql;\nuse mysql;\n',
      readFileSync(join(share, 'mysql_system_tables.sql'), 'utf8'),
      readFileSync(join(share, 'mysql_system_tables_data.sql'), 'utf8'),
      "\nflush privileges;\ncreate user 'test'@'%';\ngrant all on *.* to 'test'@'%' with grant option;\n",
      'create database test;\n',
    ].join(''),
  });
  if (made.status !== 0) throw new Error(`mariadbd --bootstrap: ${made.stderr || String(made.error)}`);
  const port = await freePort();
  const server = new Server(`mysql://test@127.0.0.1:${port}/test`, folder, {
    command,
    args: [
      ...settings,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--socket=${join(folder, 'mariadb.sock')}`,
      `--pid-file=${join(folder, 'mariadb.pid')}`,
      '--skip-name-resolve',
      '--innodb-lock-wait-timeout=2',
    ],
    env,
    ready: /ready for connections/,
    stopSignal: 'SIGTERM',
    crashSignal: 'SIGKILL',
  });
  await server.start();
  return server;
}
