import pg from 'pg';
import postgres from 'postgres';
import type { SqlClient } from '../../src/queues/postgres/client.js';
import {
  consume,
  deadLetters,
  type Listen,
  type TableJob,
  tableQueue,
} from '../../src/queues/postgres/index.js';
import type { Payload } from './handler.js';
import type { JobView, OpenQueue, Subject } from './subject.js';

/** A client library, and how it is one for us. */
interface Library {
  connect(url: string): { client: SqlClient; listen?: Listen; close: () => Promise<unknown> };
}

const nodePg: Library = {
  connect(url) {
    const pool = new pg.Pool({ connectionString: url });
    // A server that is down is part of the suite; unheard, the errors of idle connections would end the process.
    pool.on('error', () => undefined);
    const listen: Listen = async (channel, onNotify) => {
      // A session of its own. Once it is lost the table is looked at, as without it.
      const session = new pg.Client({ connectionString: url });
      session.on('error', () => undefined);
      session.on('notification', ({ payload = '' }) => onNotify(payload));
      await session.connect();
      await session.query(`listen ${channel}`);
      return () => session.end();
    };
    return { client: pool, listen, close: () => pool.end() };
  },
};

const postgresJs: Library = {
  connect(url) {
    const sql = postgres(url, { onnotice: () => undefined });
    const client: SqlClient = {
      query: async (text, values = []) => ({ rows: await sql.unsafe(text, values) }),
    };
    const listen: Listen = async (channel, onNotify) => {
      const listening = await sql.listen(channel, onNotify);
      return () => listening.unlisten();
    };
    return { client, listen, close: () => sql.end({ timeout: 1 }) };
  },
};

export const tableOnPg = subject('table on pg', nodePg);
export const tableOnPostgresJs = subject('table on postgres.js', postgresJs);

function subject(name: string, library: Library): Subject {
  return { name, server: 'postgres', takeOverMs: 1_000, open: (url, queue) => open(library, url, queue) };
}

async function open(library: Library, url: string, name: string): Promise<OpenQueue> {
  const { client, listen, close } = library.connect(url);
  const q = tableQueue({ table: 'jobs' });
  const { text } = q.schema();

  return {
    prepare: async () => {
      await client.query(text);
    },

    async enqueue(payloads) {
      const ids: string[] = [];
      for (const payload of payloads) {
        const add = q.add(name, payload);
        const { rows } = await client.query(add.text, add.values);
        ids.push(rows[0].id);
      }
      return ids;
    },

    async work({ policy, handler, fault, concurrency, leaseMs, ...options }) {
      const worker = fault === undefined ? client : faults[fault](client);
      const consumer = consume(
        worker,
        q,
        name,
        policy,
        (job: TableJob<Payload>, context) => handler(job.payload, context, job.id),
        {
          ...options,
          concurrency,
          leaseMs,
          listen,
          worker: String(process.pid),
          // Wanted, in this suite.
          onError: () => undefined,
        },
      );
      return { close: () => consumer.stop() };
    },

    async views() {
      const { rows } = await client.query(
        `select id::text as id, state, attempt, extract(epoch from run_at)::float8 * 1000 as due,
           (history -> -1 ->> 'settledAtMs')::float8 as settled
         from jobs where queue = $1`,
        [name],
      );
      return new Map(
        rows.map(({ id, state, attempt, due, settled }): [string, JobView] => [
          id,
          state === 'ready' && attempt > 0
            ? { state: 'delayed', dueAtMs: due, delayMs: due - settled }
            : { state },
        ]),
      );
    },

    async history(id) {
      const { rows } = await client.query('select history from jobs where id = $1', [id]);
      return rows[0]?.history ?? [];
    },

    deadLetters: deadLetters(client, q, name),

    async audit() {
      const { rows } = await client.query(
        `select id, state, attempt, history from jobs
         where queue = $1 and not (state in ('done', 'dead') and jsonb_array_length(history) = attempt)`,
        [name],
      );
      if (rows.length > 0) throw new Error(`History and attempts differ: ${JSON.stringify(rows[0])}`);
    },

    async close() {
      await close();
    },
  };
}

const faults = {
  /** Dead letter and settle are one statement: the process dies right after it. */
  'die-after-dead-letter': (client: SqlClient): SqlClient => ({
    async query(text, values) {
      const result = await client.query(text, values);
      if (text.includes('insert into "jobs_dead"')) {
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => undefined);
      }
      return result;
    },
  }),
  /** As a trigger of the user's may: the server will not have the first success recorded. */
  'settle-error': (client: SqlClient): SqlClient => {
    let failed = false;
    return {
      async query(text, values) {
        if (!failed && text.includes(`= 'done'`)) {
          failed = true;
          throw Object.assign(new Error('not today'), { code: 'P0001' });
        }
        return client.query(text, values);
      },
    };
  },
};
