import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { freePort, runs, Server, temporaryFolder } from './server.js';

interface Program {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

const CACHE = resolve(import.meta.dirname, '../../.cache/redis');

/** Packages of Debian and Ubuntu that hold the server and what it links to; unpacked, not installed. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1', 'libssl3'];

/**
 * A Redis with what BullMQ asks for: an append-only file, no eviction. `hz` 100 makes delayed jobs at most 10 ms late
 * where the default of 10 allows 100. Throws, with the reason, where no Redis can be had.
 */
export async function startRedis(): Promise<Server> {
  const { command, env } = findRedis();
  const folder = temporaryFolder('redis');
  const port = await freePort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    hz: 100,
  };
  const server = new Server(`redis://127.0.0.1:${port}`, folder, {
    command,
    args: Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
    env,
    ready: /Ready to accept connections/,
    stopSignal: 'SIGTERM',
    crashSignal: 'SIGKILL',
  });
  await server.start();
  return server;
}

function findRedis(): Program {
  const homebrew = ['/opt/homebrew/bin', '/usr/local/bin'];
  for (const name of ['redis-server', 'valkey-server']) {
    for (const command of [name, ...homebrew.map((folder) => join(folder, name))]) {
      if (runs(command)) return { command, env: {} };
    }
  }
  return unpacked() ?? unpack();
}

function unpacked(): Program | undefined {
  const command = join(CACHE, 'usr/bin/redis-server');
  const libraries = [join(CACHE, 'usr/lib'), join(CACHE, 'lib')]
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((each) => join(folder, each)));
  const env = { LD_LIBRARY_PATH: libraries.join(delimiter) };
  return runs(command, undefined, env) ? { command, env } : undefined;
}

function unpack(): Program {
  if (!runs('apt-get') || !runs('dpkg-deb')) throw new Error('no redis-server on the PATH');
  mkdirSync(CACHE, { recursive: true });
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', ['-o', 'APT::Sandbox::User=root', ...args], { cwd: CACHE, stdio: 'ignore' })
      .status === 0;
  const download = (): boolean => apt('download', ...PACKAGES);
  if (!download() && !(apt('update') && download())) {
    throw new Error('no redis-server on the PATH, and apt-get download failed');
  }
  for (const file of readdirSync(CACHE).filter((name) => name.endsWith('.deb'))) {
    spawnSync('dpkg-deb', ['-x', file, '.'], { cwd: CACHE, stdio: 'ignore' });
    rmSync(join(CACHE, file));
  }
  const program = unpacked();
  if (!program) throw new Error(`the redis-server unpacked to ${CACHE} does not run`);
  return program;
}
