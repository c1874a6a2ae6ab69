import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import { type Service, service } from './service.js';

/** Where the servers are; a reason instead where one could not be had. */
export interface Services {
  readonly redis: Address;
  readonly postgres: Address;
  /** `soak` in a soak run (`--mode soak`). */
  readonly mode: string;
}
type Address = { readonly url: string } | { readonly missing: string };

declare module 'vitest' {
  export interface ProvidedContext {
    services: Services;
  }
}

const root = resolve(import.meta.dirname, '../..');

/** Starts the servers once for the whole run: those named by REDIS_URL and DATABASE_URL, or our own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  bundleWorkers();
  const started = await Promise.allSettled([
    service('Redis', process.env['REDIS_URL'], startRedis),
    service('Postgres', process.env['DATABASE_URL'], () => startPostgres()),
  ]);
  const teardown = async (): Promise<void> => {
    for (const each of started) {
      if (each.status === 'fulfilled' && 'server' in each.value) await each.value.server?.stop();
    }
  };
  const [redis, postgres] = started;
  if (redis.status === 'rejected' || postgres.status === 'rejected') {
    await teardown();
    throw redis.status === 'rejected' ? redis.reason : (postgres as PromiseRejectedResult).reason;
  }
  project.provide('services', {
    redis: addressOf(redis.value),
    postgres: addressOf(postgres.value),
    mode: project.config.mode,
  });
  return teardown;
}

/** What can be passed on to the processes that run the tests. */
const addressOf = (each: Service): Address =>
  'missing' in each ? { missing: each.missing } : { url: each.url };

/** Worker processes run plain Node: the sources they need are bundled once, hosts left outside. */
function bundleWorkers(): void {
  execFileSync(
    process.execPath,
    [
      resolve(root, 'node_modules/tsup/dist/cli-default.js'),
      '--config',
      'test/servers/tsup.config.ts',
      '--silent',
    ],
    { cwd: root, stdio: 'inherit' },
  );
}
