import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import type { Server } from './server.js';

/** Where the servers are; a reason instead where one could not be had. */
export interface Services {
  readonly redis: Service;
  readonly postgres: Service;
  /** `soak` in a soak run (`--mode soak`). */
  readonly mode: string;
}
export type Service = { readonly url: string } | { readonly missing: string };

declare module 'vitest' {
  export interface ProvidedContext {
    services: Services;
  }
}

const root = resolve(import.meta.dirname, '../..');

/**
 * Starts the servers once for the whole run: those named by REDIS_URL and DATABASE_URL, or our own. Where one cannot be
 * had its suites are skipped, and say so; with REQUIRE_SERVICES=1 the run fails instead, so that no CI is green by luck.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  bundleWorkers();
  const own: Server[] = [];
  const teardown = async (): Promise<void> => {
    await Promise.all(own.map((server) => server.stop()));
  };
  const service = async (
    name: string,
    url: string | undefined,
    start: () => Promise<Server>,
  ): Promise<Service> => {
    if (url) return { url };
    try {
      const server = await start();
      own.push(server);
      return { url: server.url };
    } catch (error) {
      return { missing: `no ${name}: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
  const [redis, postgres] = await Promise.all([
    service('Redis', process.env['REDIS_URL'], startRedis),
    service('Postgres', process.env['DATABASE_URL'], () => startPostgres()),
  ]);
  for (const each of [redis, postgres]) {
    if (!('missing' in each)) continue;
    if (process.env['REQUIRE_SERVICES'] === '1') {
      await teardown();
      throw new Error(`REQUIRE_SERVICES=1, and there is ${each.missing}`);
    }
    console.warn(`\nSKIPPED, not run: every suite that needs it, for there is ${each.missing}\n`);
  }
  project.provide('services', { redis, postgres, mode: project.config.mode });
  return teardown;
}

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
