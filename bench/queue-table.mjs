import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CONCURRENCY = 50;
const PLAIN_JOBS = 5_000;
const FLAKY_JOBS = 1_000;
const FAILURES = 3;
const DELAY_S = 1;

/**
 * What a queue is asked to do. `fill` adds jobs with the payload `{ failures }`; `work` runs the handler, which is told
 * the payload and the number of attempts before, until what it returned is called.
 */
const HOSTS = {
  'table on pg': {
    server: 'postgres',
    packageName: 'pg',
    async open(url) {
      const { default: pg } = await import('pg');
      const pool = new pg.Pool({ connectionString: url, max: CONCURRENCY });
      return table(pool);
    },
  },
  'table on postgres.js': {
    server: 'postgres',
    packageName: 'postgres',
    async open(url) {
      const { default: postgres } = await import('postgres');
      const sql = postgres(url, { max: CONCURRENCY, onnotice: () => undefined });
      return table({ query: async (text, values = []) => ({ rows: await sql.unsafe(text, values) }) });
    },
  },
  'bullmq on redis': {
    server: 'redis',
    packageName: 'bullmq',
    async open(url) {
      const { Queue, Worker } = await import('bullmq');
      return bullmq(Queue, Worker, { url, maxRetriesPerRequest: null });
    },
  },
  'bullmq on postgres': {
    server: 'postgres',
    packageName: 'bullmq',
    async open(url) {
      const { createPostgresBackend, withBackend } = await import('bullmq');
      const { Queue, Worker } = withBackend(createPostgresBackend);
      return bullmq(Queue, Worker, { connectionString: url, schema: 'bullmq', migrate: true });
    },
  },
  'pg-boss': {
    server: 'postgres',
    packageName: 'pg-boss',
    async open(url) {
      const { PgBoss } = await import('pg-boss');
      const boss = new PgBoss({ connectionString: url, max: CONCURRENCY });
      boss.on('error', () => undefined);
      await boss.start();
      return {
        async fill(queue, count, data) {
          await boss.createQueue(queue, { retryLimit: FAILURES, retryDelay: DELAY_S });
          await boss.insert(
            queue,
            Array.from({ length: count }, () => ({ data })),
          );
        },
        async work(queue, handler) {
          const options = {
            pollingIntervalSeconds: 0.5,
            localConcurrency: CONCURRENCY,
            includeMetadata: true,
          };
          await boss.work(queue, options, async ([job]) => handler(job.data, job.retryCount));
          return () => boss.offWork(queue, { wait: true });
        },
      };
    },
  },
  'graphile-worker': {
    server: 'postgres',
    packageName: 'graphile-worker',
    async open(url) {
      const { default: pg } = await import('pg');
      const { Logger, run, runMigrations } = await import('graphile-worker');
      const pgPool = new pg.Pool({ connectionString: url, max: CONCURRENCY });
      const logger = new Logger(() => () => undefined);
      await runMigrations({ pgPool, logger });
      return {
        fill: (queue, count, data) =>
          pgPool.query(
            `select graphile_worker.add_job($1, $2::json, max_attempts => $3) from generate_series(1, $4)`,
            [queue, JSON.stringify(data), FAILURES + 1, count],
          ),
        async work(queue, handler) {
          const runner = await run({
            pgPool,
            logger,
            concurrency: CONCURRENCY,
            pollInterval: 200,
            noHandleSignals: true,
            taskList: { [queue]: async (data, { job }) => handler(data, job.attempts - 1) },
          });
          return () => runner.stop();
        },
      };
    },
  },
};

async function table(client) {
  const { consume, tableQueue } = await import('ostinato/postgres');
  const q = tableQueue({ table: 'jobs' });
  await client.query(q.schema().text);
  const policy = { maxRetries: FAILURES, backoff: 'constant', baseDelayMs: DELAY_S * 1_000, jitter: 'none' };
  return {
    fill: (queue, count, data) =>
      client.query(
        `insert into jobs (queue, payload) select $1::text, $2::text::jsonb from generate_series(1, $3::int)`,
        [queue, JSON.stringify(data), count],
      ),
    async work(queue, handler) {
      const options = { concurrency: CONCURRENCY };
      const run = (job, { attempt }) => handler(job.payload, attempt - 1);
      const consumer = consume(client, q, queue, policy, run, options);
      return () => consumer.stop();
    },
  };
}

async function bullmq(Queue, Worker, connection) {
  return {
    async fill(name, count, data) {
      const queue = new Queue(name, { connection });
      await queue.waitUntilReady();
      const opts = { attempts: FAILURES + 1, backoff: { type: 'fixed', delay: DELAY_S * 1_000 } };
      await queue.addBulk(Array.from({ length: count }, () => ({ name, data, opts })));
      await queue.close();
    },
    async work(name, handler) {
      const run = async (job) => handler(job.data, job.attemptsMade);
      const worker = new Worker(name, run, { connection, concurrency: CONCURRENCY });
      worker.on('error', () => undefined);
      return () => worker.close();
    },
  };
}

/** How fast does the table queue work off jobs, beside queues without us? A real server, started for each of them. */
export default {
  title: `${PLAIN_JOBS} jobs that succeed, ${CONCURRENCY} at once, a real server`,
  unit: 'ms per 1 000 jobs',
  columns: { flaky: `${FLAKY_JOBS} jobs that fail ${FAILURES} times, ${DELAY_S} s between: s` },
  rounds: 1,
  contenders: Object.keys(HOSTS),
  label: (contender) => (contender.startsWith('table') ? `ostinato, ${contender}` : contender),
  packageName: (contender) => HOSTS[contender].packageName,

  async measure(contender) {
    const { server, open } = HOSTS[contender];
    const host = await open(await start(server));
    const plainMs = await timed(host, 'plain', PLAIN_JOBS, { failures: 0 });
    const flakyMs = await timed(host, 'flaky', FLAKY_JOBS, { failures: FAILURES });
    return { value: (plainMs / PLAIN_JOBS) * 1_000, flaky: flakyMs / 1_000 };
  },

  mustReach: () => [],
};

/** From the start of the worker to the last success. */
async function timed(host, queue, count, data) {
  await host.fill(queue, count, data);
  const all = new AbortController();
  let successes = 0;
  const startMs = performance.now();
  const done = once(all.signal, 'abort');
  const stop = await host.work(queue, (payload, failed) => {
    if (failed < payload.failures) throw new Error('flaky');
    if (++successes === count) all.abort();
  });
  await done;
  const ms = performance.now() - startMs;
  await stop();
  return ms;
}

/** A server in a temporary folder, the one the tests run on; it ends with this process. */
async function start(name) {
  const bundle = new URL(`../.cache/servers/${name}.mjs`, import.meta.url);
  if (!existsSync(bundle)) {
    const root = fileURLToPath(new URL('..', import.meta.url));
    const tsup = fileURLToPath(new URL('../node_modules/tsup/dist/cli-default.js', import.meta.url));
    const config = ['--config', 'test/servers/tsup.config.ts', '--silent'];
    execFileSync(process.execPath, [tsup, ...config], { cwd: root, stdio: 'inherit' });
  }
  const { startPostgres, startRedis } = await import(bundle.href);
  const server = await (name === 'postgres' ? startPostgres() : startRedis());
  return server.url;
}
