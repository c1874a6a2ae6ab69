import { chmodSync, chownSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromDebian } from './debian.js';
import { freePort, Server, temporaryFolder } from './server.js';

/** PgBouncer refuses to run as root: then it runs as nobody. */
const NOBODY = 65_534;
const uid = process.getuid?.() === 0 ? NOBODY : undefined;

/**
 * A PgBouncer in transaction mode before a Postgres, on loopback; `settings` are lines of its ini file. Throws, with the
 * reason, where it cannot be had.
 */
export async function startPgBouncer(
  postgresUrl: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Server> {
  const { root, env } = fromDebian({
    name: 'pgbouncer',
    path: 'usr/sbin/pgbouncer',
    packages: ['pgbouncer', 'libevent-2.1-7', 'libc-ares2', 'libssl3'],
  });
  const folder = temporaryFolder('pgbouncer');
  // The user nobody cannot enter a checkout below a private home folder. It can enter a copy.
  cpSync(join(root, 'usr'), join(folder, 'usr'), { recursive: true, verbatimSymlinks: true });
  const port = await freePort();
  const { hostname, port: serverPort, username } = new URL(postgresUrl);
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    ignore_startup_parameters: 'extra_float_digits,options,statement_timeout,lock_timeout',
    ...settings,
  };
  const file = join(folder, 'pgbouncer.ini');
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(
    file,
    [
      '[databases]',
      `* = host=${hostname} port=${serverPort} user=${username}`,
      '[pgbouncer]',
      ...lines,
      '',
    ].join('\n'),
  );
  chmodSync(folder, 0o755);
  if (uid !== undefined) chownSync(folder, uid, uid);
  const libraries = (env['LD_LIBRARY_PATH'] ?? '').replaceAll(root, folder);
  const server = new Server(`postgres://${username}@127.0.0.1:${port}/postgres`, folder, {
    command: join(folder, 'usr/sbin/pgbouncer'),
    args: [file],
    env: { LD_LIBRARY_PATH: libraries },
    uid,
    ready: /process up/,
    stopSignal: 'SIGINT',
    crashSignal: 'SIGKILL',
  });
  await server.start();
  return server;
}
