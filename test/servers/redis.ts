import { join } from 'node:path';
import { fromDebian, type Packaged, type Program } from './debian.js';
import { freePort, runs, Server, temporaryFolder } from './server.js';

const PACKAGED: Packaged = {
  name: 'redis',
  path: 'usr/bin/redis-server',
  packages: ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1', 'libssl3'],
};

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

function findRedis(): Pick<Program, 'command' | 'env'> {
  const homebrew = ['/opt/homebrew/bin', '/usr/local/bin'];
  for (const name of ['redis-server', 'valkey-server']) {
    for (const command of [name, ...homebrew.map((folder) => join(folder, name))]) {
      if (runs(command)) return { command, env: {} };
    }
  }
  return fromDebian(PACKAGED);
}
