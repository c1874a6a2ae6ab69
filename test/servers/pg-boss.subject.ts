import { PgBoss } from 'pg-boss';
import { attemptsTable, histories, jobKeys } from '../../src/queues/attempts-table.js';
import { type BossJob, deadLetters, queueOptions, work } from '../../src/queues/pg-boss/index.js';
import type { Payload } from './handler.js';
import type { Fault, JobView, OpenQueue, Subject } from './subject.js';

/** pg-boss expires jobs to the second, and looks for expired ones every second. */
const EXPIRE_SECONDS = 2;

export const pgBoss: Subject = {
  name: 'pg-boss',
  server: 'postgres',
  takeOverMs: EXPIRE_SECONDS * 1_000,
  open,
};

async function open(url: string, name: string): Promise<OpenQueue> {
  const boss = await start(url);
  const dead = `${name}-dead`;
  const table = attemptsTable('ostinato_attempts');
  const rows = async (text: string, values: unknown[]): Promise<any[]> =>
    (await boss.getDb().executeSql(text, values)).rows;

  return {
    async prepare(policy) {
      await boss.createQueue(dead);
      await boss.createQueue(name, {
        ...queueOptions(policy, { deadLetter: dead }),
        expireInSeconds: EXPIRE_SECONDS,
      });
    },

    async enqueue(payloads, hostOptions = false) {
      const contradictions = [
        { retryLimit: 0 },
        { retryLimit: 40, retryDelay: 50, retryBackoff: true, retryDelayMax: 100 },
      ];
      const ids = await boss.insert(
        name,
        payloads.map((data, index) => ({ data, ...(hostOptions && contradictions[index % 2]) })),
        { returnId: true },
      );
      return ids ?? [];
    },

    async work({ handler, concurrency, fault, leaseMs: _expiry, policy, ...options }) {
      const own = fault ? await start(url) : boss;
      if (fault) troubled(own, fault);
      const worker = await work(
        own,
        name,
        policy,
        (job: BossJob<Payload>, context) => handler(job.data, context, job.id),
        {
          ...options,
          batchSize: Math.ceil(concurrency / 5),
          localConcurrency: Math.min(concurrency, 5),
          pollingIntervalSeconds: 0.5,
        },
      );
      return {
        async close() {
          await worker.stop();
          if (own !== boss) await own.stop({ graceful: false });
        },
      };
    },

    async views() {
      const views = new Map<string, JobView>();
      const found = await rows(
        `select j.id, j.state, extract(epoch from j.start_after) * 1000 as due,
           extract(epoch from j.start_after - a.settled_at) * 1000 as delay, j.start_after > now() as later
         from pgboss.job j left join ostinato_attempts a on a.queue = j.name and a.job_id = j.id::text
           and a.fence = j.retry_count + 1
         where j.name = $1`,
        [name],
      );
      for (const { id, state, due, delay, later } of found) views.set(id, view(state, later, due, delay));
      return views;
    },

    async history(id) {
      const key = { queue: name, id };
      return histories(await rows(table.history, jobKeys([key])))(key);
    },

    deadLetters: deadLetters(boss, dead),
    close: () => boss.stop({ graceful: false }),
  };
}

const STATES: Record<string, JobView['state']> = {
  created: 'ready',
  retry: 'ready',
  active: 'running',
  completed: 'done',
  failed: 'dead',
};

function view(state: string, later: boolean, due: string, delay: string): JobView {
  if (state === 'retry' && later) return { state: 'delayed', dueAtMs: Number(due), delayMs: Number(delay) };
  return { state: STATES[state] ?? 'ready' };
}

async function start(url: string): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    max: 10,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  // A server that is down is part of the suite.
  boss.on('error', () => undefined);
  await boss.start();
  return boss;
}

/** Trouble inside of pg-boss: its own statements, at its own connection. */
function troubled(boss: PgBoss, fault: Fault): void {
  const db = boss.getDb();
  const executeSql = db.executeSql.bind(db);
  let done = false;
  db.executeSql = async (text, values) => {
    const settles = text.includes('json_to_recordset');
    const buries = settles && text.includes('dlq_jobs');
    if (fault === 'settle-error' && settles && !buries && !done) {
      done = true;
      throw new Error('deadlock detected');
    }
    const result = await executeSql(text, values);
    if (fault === 'die-after-dead-letter' && buries && Number(result.rows[0]?.count) > 0) {
      process.kill(process.pid, 'SIGKILL');
    }
    return result;
  };
}
