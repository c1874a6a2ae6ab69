import { errorData } from '../error.js';
import type { DeadReason, HistoryRow } from '../types.js';
import type { Statement } from './client.js';
import { type Column, columnNames } from './columns.js';
import { DERIVED, queueName, tableName } from './names.js';
import { jsonText } from './json.js';
import { schemaText } from './schema.js';

export interface TableQueueOptions {
  /** The jobs table: `jobs`, or `app.jobs` in a schema of its own. At most 57 bytes without the schema. */
  readonly table: string;
  /** The table of dead letters. Default: the jobs table's name and `_dead`, in the same schema. */
  readonly dead?: string | undefined;
  /** Your names for the columns, where they differ from ours. */
  readonly columns?: { readonly [Name in Column]?: string | undefined } | undefined;
}

/** What a statement needs to know of a claimed job. */
export interface Claimed {
  readonly id: string;
  readonly fence: number;
}

/** A claimed job, as `claim` returns it and a handler gets it. */
export interface TableJob<Payload = unknown> extends Claimed {
  readonly queue: string;
  readonly payload: Payload;
  /** From 1. */
  readonly attempt: number;
  /** Rises at every claim and never falls: all that is done to the job under an older one changes nothing. */
  readonly fence: number;
  /** The attempts that have ended, oldest first. */
  readonly history: readonly TableHistoryRow[];
  /** Milliseconds since the job was first due, on the database clock, at the time of the claim. */
  readonly elapsedMs: number;
}

/** One attempt, with what the table adds. `startedAtMs` and `settledAtMs` are epoch milliseconds on the database clock. */
export interface TableHistoryRow extends HistoryRow {
  readonly fence: number;
  /** Who claimed it. */
  readonly worker?: string | null;
  /** When it was settled; of an attempt that was lost, when the job was taken over. */
  readonly settledAtMs: number;
}

/** What may be told of an attempt when it is settled; all of it ends up in the history. */
export interface AttemptNote {
  /** What was thrown, whatever it is. */
  readonly error?: unknown;
  /** How long the handler took. */
  readonly durationMs?: number | undefined;
  /** `done` on an attempt that is retried or buried: it succeeded, but that could not be recorded. */
  readonly outcome?: HistoryRow['outcome'] | undefined;
  readonly hookError?: unknown;
}

/** A claim under which nothing was run: for `bury`. */
export const NOT_RUN = 'not-run';

/**
 * The statements of a jobs table. All are pure: they build `{ text, values }`, to be run wherever you like, also inside
 * a transaction of your own. Each is one statement, so a crash between any two leaves a job that is late at the worst.
 *
 * `complete`, `retry`, `bury`, `release` and `heartbeat` return one row if they changed the job, and none if it is not
 * running under that fence any more: then somebody else has it, and there is nothing to be done.
 */
export interface TableQueue {
  /** Creates both tables, or adds what a table of your own lacks; changes nothing when all is there. */
  schema(): Statement;
  /**
   * Adds a job; returns its `id`. Due after `delayMs` (default 0). Consumers that LISTEN are woken when the transaction
   * commits.
   *
   * @throws TypeError for a payload that is no JSON, or that `jsonb` cannot hold (NUL, half of a surrogate pair, more
   *   than 1 000 levels).
   */
  add(queue: string, payload: unknown, options?: { readonly delayMs?: number | undefined }): Statement;
  /**
   * Claims at most `limit` jobs, due ones and those whose lease has run out, and raises attempt and fence of each.
   * Returns `TableJob`s. A lost attempt goes to the history as `stalled`. `worker` is a name for people to read.
   */
  claim(queue: string, limit: number, worker: string, leaseMs: number): Statement;
  complete(job: Claimed, note?: AttemptNote): Statement;
  /** Due again after `delayMs`, from now on the database clock. */
  retry(job: Claimed, delayMs: number, note?: AttemptNote): Statement;
  /**
   * Ends the job and writes its dead letter. With `'not-run'` for a note the claim was made only to find that no attempt
   * is left: nothing is added to the history, and the number the claim took does not count.
   */
  bury(job: Claimed, reason: DeadReason, note?: AttemptNote | typeof NOT_RUN): Statement;
  /** Gives the job back: the attempt does not count, the fence stays. Only for a handler that has settled. */
  release(job: Claimed): Statement;
  /** Extends the lease to `leaseMs` from now. */
  heartbeat(job: Claimed, leaseMs: number): Statement;
  /** One row with `dueMs`: milliseconds until the next job is due or the next lease runs out (0 if one has); null if there is none. */
  nextDue(queue: string): Statement;
  /** A page of dead letters, the oldest first. */
  dead(queue: string, limit: number, offset: number): Statement;
  /** Makes a dead job a ready one, with all attempts ahead of it, and removes its letter. Returns a row if there was one. */
  redrive(queue: string, id: string): Statement;
  /** Removes dead letters, and their jobs, that last failed at least `olderThanMs` ago. Returns their `id`s. */
  purge(queue: string, olderThanMs: number): Statement;
  /** What `add` and a redrive send to `NOTIFY ostinato` for a queue. */
  wakeWord(queue: string): string;
}

/** The channel of all notifications. */
export const CHANNEL = 'ostinato';

// The time of the statement, and not of the transaction: inside a long one `now()` would be long ago.
const NOW = 'statement_timestamp()';
/** Milliseconds as an interval. A double, since a delay may be longer than an int can tell. */
const ms = (parameter: string): string => `${parameter}::float8 * interval '1 millisecond'`;
const epochMs = (time: string): string => `round(extract(epoch from ${time}) * 1000, 3)::float8`;

/**
 * The statements for one table. Names are quoted and checked here; everything else is a parameter.
 *
 * @throws TypeError for a table or column name PostgreSQL would not keep as it is.
 */
export function tableQueue(options: TableQueueOptions): TableQueue {
  const table = tableName(options.table, 'table', true);
  const dead = tableName(options.dead ?? `${options.table}${DERIVED.dead}`, 'dead', false);
  if (table.sql === dead.sql) throw new TypeError('table and dead are the same table');
  const c = columnNames(options.columns);
  const wakeWord = (queue: string): string => `${table.plain} ${queueName(queue)}`;

  /** The history with one more attempt; `note` is an expression of type jsonb. */
  const appended = (note: string): string =>
    `j.${c.history} || jsonb_build_array(jsonb_build_object('attempt', j.${c.attempt}) || ${note} || jsonb_build_object(
      'startedAtMs', ${epochMs(`j.${c.startedAt}`)}, 'settledAtMs', ${epochMs(NOW)}, 'fence', j.${c.fence}, 'worker', j.${c.worker}))`;
  /** Ours, and still running. */
  const held = `j.${c.id} = $1 and j.${c.fence} = $2::bigint and j.${c.state} = 'running'`;
  const unleased = `${c.worker} = null, ${c.leaseUntil} = null`;
  const settle = (set: string, returning = `j.${c.id}::text as id`): string =>
    `update ${table.sql} as j set ${set}\nwhere ${held} returning ${returning}`;

  /** When the first (0) or the last (-1) attempt of the history was settled. */
  const settledAt = (index: number): string =>
    `coalesce(to_timestamp((${c.history} -> ${index} ->> 'settledAtMs')::float8 / 1000), ${NOW})`;

  return {
    schema: () => ({ text: schemaText(table, dead, c), values: [] }),

    add: (queue, payload, { delayMs = 0 } = {}) => ({
      // The notification is in a condition because a column nobody reads may be left out of the plan.
      text: `with j as (
  insert into ${table.sql} (${c.queue}, ${c.payload}, ${c.runAt}, ${c.dueAt})
  values ($1::text, $2::text::jsonb, ${NOW} + ${ms('$3')}, ${NOW} + ${ms('$3')})
  returning ${c.id}::text as id)
select id from j where pg_notify('${CHANNEL}', $4::text)::text is not null`,
      values: [
        queueName(queue),
        jsonText(payload, 'The payload'),
        whole(delayMs, 'delayMs', 0),
        wakeWord(queue),
      ],
    }),

    // Two lists, so that each is read in the order of its index and neither sorts the whole queue. Jobs nobody works on
    // any more come first.
    claim: (queue, limit, worker, leaseMs) => ({
      text: `with lost as (
  select ${c.id} as id from ${table.sql}
  where ${c.queue} = $1::text and ${c.state} = 'running' and ${c.leaseUntil} <= ${NOW}
  order by ${c.leaseUntil} limit $2::int for update skip locked
), due as (
  select ${c.id} as id from ${table.sql}
  where ${c.queue} = $1::text and ${c.state} = 'ready' and ${c.runAt} <= ${NOW}
  order by ${c.runAt}, ${c.id} limit $2::int - (select count(*) from lost) for update skip locked
), claimed as (
  update ${table.sql} as j set
    ${c.history} = case when taken.is_lost then ${appended(`'{"outcome": "stalled"}'`)} else j.${c.history} end,
    ${c.state} = 'running', ${c.attempt} = j.${c.attempt} + 1, ${c.fence} = j.${c.fence} + 1,
    ${c.worker} = $3::text, ${c.startedAt} = ${NOW}, ${c.leaseUntil} = ${NOW} + ${ms('$4')}
  from (select id, true as is_lost from lost union all select id, false from due) as taken
  where j.${c.id} = taken.id
  returning j.*)
select ${c.id}::text as id, ${c.queue} as queue, ${c.payload} as payload, ${c.attempt} as attempt,
  ${c.fence}::float8 as fence, ${c.history} as history,
  greatest(extract(epoch from ${NOW} - ${c.dueAt}) * 1000, 0)::float8 as "elapsedMs"
from claimed order by ${c.runAt}, ${c.id}`,
      values: [queueName(queue), whole(limit, 'limit'), worker, whole(leaseMs, 'leaseMs')],
    }),

    complete: (job, note) => ({
      text: settle(
        `${c.state} = 'done', ${c.finishedAt} = ${NOW}, ${unleased}, ${c.history} = ${appended('$3::text::jsonb')}`,
      ),
      values: [job.id, job.fence, noteText({ ...note, outcome: 'done' })],
    }),

    retry: (job, delayMs, note) => ({
      text: settle(
        `${c.state} = 'ready', ${c.runAt} = ${NOW} + ${ms('$3')}, ${unleased}, ${c.history} = ${appended('$4::text::jsonb')}`,
      ),
      values: [
        job.id,
        job.fence,
        whole(delayMs, 'delayMs', 0),
        noteText({ outcome: 'retry', ...note }, { delayMs }),
      ],
    }),

    // One statement: there is no dead job without a letter and no letter without a dead job.
    bury: (job, reason, note) => {
      const ran = note !== NOT_RUN;
      const text = noteText({ outcome: 'dead', ...(ran && note) }, { reason });
      return {
        text: `with j as (
${settle(
  `${c.state} = 'dead', ${c.finishedAt} = ${NOW}, ${unleased}, ${
    ran ? `${c.history} = ${appended('$4::text::jsonb')}` : `${c.attempt} = j.${c.attempt} - 1`
  }`,
  'j.*',
)})
insert into ${dead.sql} (queue, id, payload, reason, error, attempts, history, created_at, first_failed_at, last_failed_at)
select ${c.queue}, ${c.id}::text, ${c.payload}, $3::text,
  (select h.entry -> 'error' from jsonb_array_elements(${c.history}) with ordinality as h (entry, n)
   where h.entry -> 'error' is not null order by h.n desc limit 1),
  ${c.attempt}, ${c.history}, ${c.createdAt},
  ${settledAt(0)}, ${settledAt(-1)}
from j
on conflict (queue, id) do update set payload = excluded.payload, reason = excluded.reason, error = excluded.error,
  attempts = excluded.attempts, history = excluded.history, created_at = excluded.created_at,
  first_failed_at = excluded.first_failed_at, last_failed_at = excluded.last_failed_at
returning id`,
        values: [job.id, job.fence, reason, ...(ran ? [text] : [])],
      };
    },

    release: (job) => ({
      text: settle(`${c.state} = 'ready', ${c.attempt} = j.${c.attempt} - 1, ${unleased}`),
      values: [job.id, job.fence],
    }),

    heartbeat: (job, leaseMs) => ({
      text: settle(`${c.leaseUntil} = ${NOW} + ${ms('$3')}`),
      values: [job.id, job.fence, whole(leaseMs, 'leaseMs')],
    }),

    nextDue: (queue) => ({
      text: `select (case when min(t) <= ${NOW} then 0 else ceil(extract(epoch from min(t) - ${NOW}) * 1000) end)::float8 as "dueMs" from (
  (select ${c.runAt} as t from ${table.sql} where ${c.queue} = $1::text and ${c.state} = 'ready' order by ${c.runAt} limit 1)
  union all
  (select ${c.leaseUntil} from ${table.sql} where ${c.queue} = $1::text and ${c.state} = 'running' order by ${c.leaseUntil} limit 1)
) as next`,
      values: [queueName(queue)],
    }),

    dead: (queue, limit, offset) => ({
      text: `select queue, id, payload, reason, attempts, history, ${epochMs('last_failed_at')} as "lastFailedAtMs"
from ${dead.sql} where queue = $1::text order by last_failed_at, id limit $2::bigint offset $3::bigint`,
      values: [queueName(queue), limit, offset],
    }),

    // The letter goes only if its job is there to be run again.
    redrive: (queue, id) => ({
      text: `with j as (
  update ${table.sql} as j set ${c.state} = 'ready', ${c.attempt} = 0, ${c.history} = '[]', ${c.runAt} = ${NOW},
    ${c.dueAt} = ${NOW}, ${c.startedAt} = null, ${c.finishedAt} = null
  from ${dead.sql} as d
  where d.queue = $1::text and d.id = $2::text and j.${c.id} = $4 and j.${c.queue} = $1::text and j.${c.state} = 'dead'
  returning d.queue, d.id
), gone as (delete from ${dead.sql} as d using j where d.queue = j.queue and d.id = j.id)
select id from j where pg_notify('${CHANNEL}', $3::text)::text is not null`,
      // The id twice: as the text it is in the letter, and as whatever type it has in the jobs table.
      values: [queueName(queue), id, wakeWord(queue), id],
    }),

    purge: (queue, olderThanMs) => ({
      text: `with gone as (
  delete from ${dead.sql} where queue = $1::text and last_failed_at <= ${NOW} - ${ms('$2')} returning queue, id
), jobs as (
  delete from ${table.sql} as j using gone where j.${c.id}::text = gone.id and j.${c.queue} = gone.queue and j.${c.state} = 'dead'
)
select id from gone`,
      values: [queueName(queue), olderThanMs],
    }),

    wakeWord,
  };
}

/** What goes into the history; errors are made fit for it, since a settle must never fail for what was thrown. */
function noteText(note: AttemptNote, more: Pick<HistoryRow, 'delayMs' | 'reason'> = {}): string {
  return JSON.stringify({
    outcome: note.outcome,
    durationMs: note.durationMs,
    // `undefined` can be thrown, too.
    ...('error' in note && { error: errorData(note.error) }),
    ...more,
    ...('hookError' in note && { hookError: errorData(note.hookError) }),
  });
}

function whole(value: unknown, what: string, least = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${what} is a whole number >= ${least}, got ${String(value)}`);
}
