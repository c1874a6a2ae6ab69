import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { callbackify } from 'node:util';
import { Logger, makeWorkerUtils, run, type Runner, type WorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { attemptsTable, histories, jobKeys } from '../../src/queues/attempts-table.js';
import { deadLetters, recover, schema, task, taskSpec } from '../../src/queues/graphile-worker/index.js';
import type { Payload } from './handler.js';
import { quietPool } from './quiet-pool.js';
import type { Fault, JobView, OpenQueue, Subject } from './subject.js';

export const graphileWorker: Subject = {
  name: 'graphile-worker',
  server: 'postgres',
  takeOverMs: 1_500,
  forgetsDone: true,
  exceptions: {
    unfencedCompletion: 'graphile-worker deletes the row of a job that is done without asking whose it is',
  },
  open,
};

const silent = new Logger(() => () => undefined);

async function open(url: string, name: string): Promise<OpenQueue> {
  const pool = quietPool(new pg.Pool({ connectionString: url, max: 4 }));
  const utils = await migrated(pool);
  const table = attemptsTable('ostinato_attempts');

  return {
    prepare: async () => undefined,

    async enqueue(payloads, hostOptions = false) {
      const contradictions = [{ maxAttempts: 1 }, { maxAttempts: 40 }];
      const jobs = await Promise.all(
        payloads.map((payload, index) =>
          utils.addJob(name, payload, hostOptions ? contradictions[index % 2] : taskSpec({})),
        ),
      );
      return jobs.map(({ id }) => id);
    },

    async work({ policy, handler, concurrency, leaseMs, fault, ...options }) {
      const own = quietPool(new pg.Pool({ connectionString: url, max: 12 }));
      if (fault) troubled(own, fault);
      const mail = task<Payload>(policy, (job, context) => handler(job.payload, context, job.id), options);
      const events = new EventEmitter();
      const recovery = await recover(own, { events, staleAfterMs: leaseMs });
      let closing = false;
      let runner: Runner;
      const start = async (): Promise<void> => {
        runner = await run({
          pgPool: own,
          events,
          concurrency,
          pollInterval: 500,
          noHandleSignals: true,
          logger: silent,
          taskList: { [name]: mail },
          // Else a settle that is refused is an unhandled rejection, which ends the process; that is for worker processes.
          ...(fault === 'settle-error' && { preset: { worker: { completeJobBatchDelay: 0 } } }),
        });
        void runner.promise.catch(() => undefined).then(restart);
      };
      // It ends when it cannot settle a job: whoever runs workers starts them again.
      const restart = async (): Promise<void> => {
        if (!closing) await start().catch(() => sleep(200).then(restart));
      };
      await start();
      return {
        async close() {
          closing = true;
          await runner.stop().catch(() => undefined);
          await recovery.stop();
          await idle(own);
          await own.end();
        },
      };
    },

    async views() {
      const { rows } = await pool.query(
        `select j.id::text, j.locked_at is not null as running, d.id is not null as dead,
           extract(epoch from j.run_at) * 1000 as due, extract(epoch from j.run_at - a.settled_at) * 1000 as delay,
           abs(extract(epoch from j.run_at - a.settled_at) * 1000 - a.delay_ms) < 1 and j.run_at > now() as delayed
         from graphile_worker.jobs v join graphile_worker._private_jobs j on j.id = v.id
         left join ostinato_dead d on d.id = j.id
         left join ostinato_attempts a on a.queue = v.task_identifier and a.job_id = j.id::text and a.fence = j.attempts
         where v.task_identifier = $1`,
        [name],
      );
      return new Map(rows.map((row): [string, JobView] => [row.id, view(row)]));
    },

    async history(id) {
      const key = { queue: name, id };
      return histories((await pool.query(table.history, jobKeys([key]))).rows)(key);
    },

    deadLetters: deadLetters(pool, { task: name }),

    async close() {
      await utils.release();
      await pool.end();
    },
  };
}

interface Row {
  readonly running: boolean;
  readonly dead: boolean;
  /** At its exact time: between graphile-worker's failing of a job and our follow-up it is due later. */
  readonly delayed: boolean | null;
  readonly due: string;
  readonly delay: string;
}

function view({ running, dead, delayed, due, delay }: Row): JobView {
  if (running) return { state: 'running' };
  if (dead) return { state: 'dead' };
  return delayed ? { state: 'delayed', dueAtMs: Number(due), delayMs: Number(delay) } : { state: 'ready' };
}

/** Both tables, once: graphile-worker's migrations do not run twice at the same time. */
async function migrated(pool: pg.Pool): Promise<WorkerUtils> {
  const utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock(1)');
    await utils.migrate();
    await client.query(schema());
    await client.query('select pg_advisory_unlock(1)');
  } finally {
    client.release();
  }
  return utils;
}

/** graphile-worker does not wait for its last completion before it has stopped. */
async function idle(pool: pg.Pool): Promise<void> {
  while (pool.totalCount > pool.idleCount || pool.waitingCount > 0) await sleep(5);
}

/** Trouble with the statements of graphile-worker, and of ours, at their connections. */
function troubled(pool: pg.Pool, fault: Fault): void {
  let done = false;
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: any[]) => any;
    const troubledQuery = async (...args: any[]): Promise<any> => {
      const text: string = typeof args[0] === 'string' ? args[0] : args[0].text;
      if (fault === 'settle-error' && text.includes('delete from "graphile_worker"._private_jobs') && !done) {
        done = true;
        throw new Error('deadlock detected');
      }
      const result = await query(...args);
      const buries = text.includes('insert into "ostinato_dead"') && result.rows.length > 0;
      if (fault === 'die-after-dead-letter' && buries) process.kill(process.pid, 'SIGKILL');
      return result;
    };
    const withCallback = callbackify(troubledQuery) as (...args: any[]) => void;
    client.query = (...args: any[]): any =>
      typeof args.at(-1) === 'function' ? withCallback(...args) : troubledQuery(...args);
  });
}
