import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { startPostgres } from './postgres.js';
import { until } from './trial.js';

// The programs of the documentation, run as they are but for the addresses: against a mail server that is busy at first,
// and a database that is killed and started again meanwhile.

const { postgres } = inject('services');
const root = resolve(import.meta.dirname, '../..');
const folder = resolve(root, '.cache/servers/programs');

const hosts = [
  {
    entry: 'pg-boss',
    waits: `select from pgboss.job where state = 'retry' and start_after > now()`,
    done: `select from pgboss.job where state = 'completed'`,
  },
  {
    entry: 'graphile-worker',
    waits: `select from graphile_worker.jobs where attempts = 1 and locked_at is null and run_at > now()`,
    done: `select where not exists (select from graphile_worker.jobs)`,
  },
];

test.skipIf('missing' in postgres).each(hosts)(
  'the program for $entry counts a 503 as a failure, outlives a restart of the server, and ends when it is told to',
  async ({ entry, waits, done }) => {
    const server = await startPostgres();
    const answers = [503];
    const mail = createServer((_request, response) => response.writeHead(answers.shift() ?? 200).end());
    await once(mail.listen(0, '127.0.0.1'), 'listening');
    const found = async (text: string): Promise<boolean> => {
      const client = new pg.Client({ connectionString: server.url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.query(text)).rows.length > 0;
      } catch {
        return false; // not there yet
      } finally {
        await client.end();
      }
    };

    const address = mail.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const program = bundled(entry, {
      'postgres://localhost/app': server.url,
      'https://mail.example': `http://127.0.0.1:${port}`,
    });
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
    try {
      await until(20_000, 'the first attempt has failed', () => found(waits));
      await server.crash();
      await server.start();
      await until(20_000, 'the job is done', () => found(done));
      const exit = once(child, 'exit');
      const toldMs = performance.now();
      child.kill('SIGTERM');
      expect(await exit, output).toEqual([0, null]);
      expect(performance.now() - toldMs).toBeLessThan(5_000);
      expect(output).not.toContain('error handlers');
    } finally {
      child.kill('SIGKILL');
      mail.close();
      await server.stop();
    }
  },
);

/** The program of that host's part of the page, with the sources it imports and other addresses. */
function bundled(entry: string, addresses: Record<string, string>): string {
  const page = readFileSync(resolve(root, 'docs/queues.md'), 'utf8');
  const programs = [...page.matchAll(/^```ts no-run\n(.*?)^```$/gms)].map(([, code = '']) => code);
  let code = programs.find((each) => each.includes(`'ostinato/${entry}'`) && each.includes('SIGTERM')) ?? '';
  const sources = {
    [`'ostinato/${entry}'`]: `'${root}/src/queues/${entry}/index.js'`,
    "'ostinato'": `'${root}/src/index.js'`,
  };
  for (const [from, to] of Object.entries({ ...addresses, ...sources })) {
    if (!code.includes(from)) throw new Error(`The program for ${entry} has no ${from}`);
    code = code.replaceAll(from, to);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, `${entry}.ts`), code);
  const tsup = resolve(root, 'node_modules/tsup/dist/cli-default.js');
  const to = `--out-dir ${resolve(folder, entry)} --format esm --target node20 --no-config --silent`;
  const without = '--external pg --external pg-boss --external graphile-worker';
  const args = [tsup, resolve(folder, `${entry}.ts`), ...`${to} ${without}`.split(' ')];
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return resolve(folder, entry, `${entry}.js`);
}
