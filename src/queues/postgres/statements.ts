import { errorData } from '../error.js';
import { optionsOf } from '../options.js';
import type { HistoryRow } from '../types.js';
import { whole } from '../whole.js';
import { type AttemptNote, NOT_RUN } from './job.js';
import { jsonText } from './json.js';
import { queueName } from './names.js';
import { CHANNEL, epochMs, ms, NOW, type Place, wakeWord } from './sql.js';
import type { TableQueue } from './table-queue.js';

/** The life of a job, from `add` to `complete` or `bury`. */
export function jobStatements(
  place: Place,
): Omit<TableQueue, 'schema' | 'dead' | 'redrive' | 'purge' | 'wakeWord'> {
  const { table, dead, columns: c } = place;

  // A column of the caller's may be empty where ours cannot.
  const history = `coalesce(j.${c.history}, '[]')`;
  /** The history with one more attempt; `note` is an expression of type jsonb. */
  const appended = (note: string): string =>
    `${history} || jsonb_build_array(jsonb_build_object('attempt', j.${c.attempt}) || ${note} || jsonb_build_object(
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
    add: (queue, payload, options) => {
      const { delayMs = 0 } = optionsOf('add', options, { delayMs: '' });
      // The notification is in a condition because a column nobody reads may be left out of the plan.
      return {
        text: `with j as (
  insert into ${table.sql} (${c.queue}, ${c.payload}, ${c.runAt}, ${c.dueAt})
  values ($1::text, $2::text::jsonb, ${NOW} + ${ms('$3')}, ${NOW} + ${ms('$3')})
  returning ${c.id}::text as id)
select id from j where pg_notify('${CHANNEL}', $4::text)::text is not null`,
        values: [
          queueName(queue),
          jsonText(payload, 'The payload'),
          whole(delayMs, 'delayMs', 0),
          wakeWord(place, queue),
        ],
      };
    },

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
    ${c.history} = case when taken.is_lost then ${appended(`'{"outcome": "stalled"}'`)} else ${history} end,
    ${c.state} = 'running', ${c.attempt} = coalesce(j.${c.attempt}, 0) + 1, ${c.fence} = coalesce(j.${c.fence}, 0) + 1,
    ${c.worker} = $3::text, ${c.startedAt} = ${NOW}, ${c.leaseUntil} = ${NOW} + ${ms('$4')}
  from (select id, true as is_lost from lost union all select id, false from due) as taken
  where j.${c.id} = taken.id
  returning j.*)
select ${c.id}::text as id, ${c.queue} as queue, ${c.payload} as payload, ${c.attempt} as attempt,
  ${c.fence}::float8 as fence, ${c.history} as history,
  greatest(extract(epoch from ${NOW} - ${c.dueAt}) * 1000, 0)::float8 as "elapsedMs"
from claimed order by claimed.${c.runAt}, claimed.${c.id}`,
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

    // One statement: there is no dead job without a letter and no letter without a dead job. Whatever the payload is in a
    // table of the caller's (a text, missing), the letter takes it: a job that it refused would never be over.
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
select ${c.queue}, ${c.id}::text, coalesce(to_jsonb(${c.payload}), 'null'), $3::text,
  (select h.entry -> 'error' from jsonb_array_elements(${c.history}) with ordinality as h (entry, n)
   where h.entry -> 'error' is not null order by h.n desc limit 1),
  ${c.attempt}, ${c.history}, coalesce(${c.createdAt}, ${NOW}),
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

    keepHookError: (job, attempt, hookError) => ({
      text: settle(
        `${c.history} = coalesce((select jsonb_agg(case when h.entry ->> 'attempt' = $3::text
      then h.entry || jsonb_build_object('hookError', $4::text::jsonb) else h.entry end order by h.n)
    from jsonb_array_elements(${history}) with ordinality as h (entry, n)), '[]')`,
      ),
      values: [job.id, job.fence, String(attempt), JSON.stringify(errorData(hookError))],
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
