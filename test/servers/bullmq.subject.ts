import * as bullmq from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { readRows } from '../../src/queues/bullmq/history.js';
import { deadLetters, type Processor, processor, workerOptions } from '../../src/queues/bullmq/index.js';
import type { Payload } from './handler.js';
import type { JobView, OpenQueue, Subject } from './subject.js';

type Job = bullmq.Job<Payload>;

/** What differs between the backends: the classes, how one connects, and where the jobs are. */
interface Backend {
  readonly Queue: typeof bullmq.Queue;
  readonly Worker: typeof bullmq.Worker;
  connection(url: string): any;
  store(url: string, queue: string): Promise<Store>;
}

/** The store itself, past BullMQ. */
interface Store {
  /** All jobs in one look, so that none is missed while it moves. */
  views(): Promise<Map<string, JobView>>;
  close(): Promise<unknown>;
}

/** BullMQ keeps the time in the upper bits of the score, and an order in the lower twelve. */
const SCORE_UNIT = 0x1000;

const redis: Backend = {
  Queue: bullmq.Queue,
  Worker: bullmq.Worker,
  connection: (url) => ({ url, maxRetriesPerRequest: null }),
  async store(url, queue) {
    const client = quiet(new Redis(url, { maxRetriesPerRequest: null }));
    const key = (name: string): string => `bull:${queue}:${name}`;
    return {
      async views() {
        const replies = await client
          .multi()
          .lrange(key('wait'), 0, -1)
          .lrange(key('active'), 0, -1)
          .zrange(key('completed'), '0', '-1')
          .zrange(key('failed'), '0', '-1')
          .zrange(key('delayed'), '0', '-1', 'WITHSCORES')
          // Sorted by nothing, in the same order: each id with the delay in its hash.
          .sort(key('delayed'), 'BY', 'nosort', 'GET', '#', 'GET', key('*->delay'))
          .exec();
        const [wait = [], active = [], completed = [], failed = [], scores = [], delays = []] = (
          replies ?? []
        ).map(([, ids]) => ids as string[]);
        const views = new Map<string, JobView>();
        const all = (ids: string[], state: JobView['state']): void =>
          ids.forEach((id) => views.set(id, { state }));
        all(wait, 'ready');
        all(active, 'running');
        all(completed, 'done');
        all(failed, 'dead');
        for (let i = 0; i < scores.length; i += 2) {
          const dueAtMs = Math.floor(Number(scores[i + 1]) / SCORE_UNIT);
          views.set(scores[i] ?? '', { state: 'delayed', dueAtMs });
        }
        for (let i = 0; i < delays.length; i += 2) {
          const view = views.get(delays[i] ?? '');
          if (view) views.set(delays[i] ?? '', { ...view, delayMs: Number(delays[i + 1]) });
        }
        return views;
      },
      close: () => client.quit(),
    };
  },
};

const postgres: Backend = {
  ...(bullmq.withBackend(bullmq.createPostgresBackend) as unknown as Pick<Backend, 'Queue' | 'Worker'>),
  connection: (url) => ({ connectionString: url, schema: 'bullmq', migrate: true }),
  async store(url, queue) {
    const pool = quiet(new pg.Pool({ connectionString: url, max: 1 }));
    return {
      async views() {
        const { rows } = await pool.query<{
          id: string;
          state: keyof typeof STATES;
          due: string;
          delay: string;
        }>('select id, state, process_at_ms as due, delay_ms as delay from bullmq.job where queue = $1', [
          queue,
        ]);
        return new Map(
          rows.map(({ id, state, due, delay }): [string, JobView] => [
            id,
            state === 'delayed'
              ? { state, dueAtMs: Number(due), delayMs: Number(delay) }
              : { state: STATES[state] },
          ]),
        );
      },
      close: () => pool.end(),
    };
  },
};

const STATES = {
  waiting: 'ready',
  delayed: 'delayed',
  active: 'running',
  completed: 'done',
  failed: 'dead',
} as const;

export const bullmqOnRedis: Subject = {
  name: 'bullmq on redis',
  server: 'redis',
  takeOverMs: 1_000,
  open: (url, name) => open(redis, url, name),
};

export const bullmqOnPostgres: Subject = {
  name: 'bullmq on postgres',
  server: 'postgres',
  takeOverMs: 1_000,
  open: (url, name) => open(postgres, url, name),
};

async function open(backend: Backend, url: string, name: string): Promise<OpenQueue> {
  const connection = backend.connection(url);
  const queue = quiet(new backend.Queue(name, { connection }));
  const dead = quiet(new backend.Queue(`${name}-dead`, { connection }));
  await queue.waitUntilReady();
  await dead.waitUntilReady();
  const store = await backend.store(url, name);

  return {
    prepare: async () => undefined,

    async enqueue(payloads, hostOptions = false) {
      const contradictions = [
        { attempts: 1 },
        { attempts: 40, backoff: { type: 'exponential', delay: 50_000 } },
      ];
      const jobs = await queue.addBulk(
        payloads.map((data, index) => ({
          name: data.key,
          data,
          ...(hostOptions && { opts: contradictions[index % 2]! }),
        })),
      );
      return jobs.map(({ id }) => id ?? '');
    },

    async work({ policy, handler, concurrency, leaseMs, fault, ...options }) {
      const run = processor<Job, unknown>(
        policy,
        (job, context) => handler(job.data, context, job.id ?? ''),
        { ...options, queue, deadLetter: fault === 'die-after-dead-letter' ? mortal(dead) : dead },
      );
      const worker = quiet(
        new backend.Worker<Payload>(name, fault === 'settle-error' ? unsettledOnce(run) : run, {
          connection,
          concurrency,
          ...workerOptions(policy),
          lockDuration: leaseMs,
          stalledInterval: leaseMs / 2,
          // How long a worker waits when the server is gone; its default is 15 s.
          runRetryDelay: 500,
        }),
      );
      await worker.waitUntilReady();
      return { close: () => worker.close() };
    },

    views: () => store.views(),
    history: (id) => readRows(queue, id),
    deadLetters: deadLetters(dead),

    async close() {
      await Promise.all([queue.close(), dead.close(), store.close()]);
    },
  };
}

/** A server that is down is part of the suite; unheard, its errors would end the process. */
function quiet<Emitter extends { on(event: 'error', listener: () => void): unknown }>(
  emitter: Emitter,
): Emitter {
  emitter.on('error', () => undefined);
  return emitter;
}

/** A dead-letter queue whose process dies as soon as it has taken a letter. */
function mortal(dead: bullmq.Queue) {
  return {
    getJob: (id: string) => dead.getJob(id),
    async add(name: string, data: unknown, options: object): Promise<never> {
      await dead.add(name, data, options);
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    },
  };
}

/** The same processor; but the first job it succeeds with cannot be settled. */
function unsettledOnce(run: Processor<Job, unknown>): Processor<Job, unknown> {
  let failed = false;
  return async (job, token, signal) => {
    const value = await run(job, token, signal);
    if (!failed) {
      failed = true;
      job.moveToCompleted = () => Promise.reject(new Error('deadlock detected'));
    }
    return value;
  };
}
