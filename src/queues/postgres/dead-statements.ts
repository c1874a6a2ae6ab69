import { whole } from '../whole.js';
import { literal, queueName, unquoted } from './names.js';
import { CHANNEL, epochMs, ms, NOW, type Place, wakeWord } from './sql.js';
import type { TableQueue } from './table-queue.js';

/** What operators do with dead letters. */
export function deadStatements(place: Place): Pick<TableQueue, 'dead' | 'redrive' | 'purge'> {
  const { table, dead, columns: c } = place;
  /** A value of a letter, as the type of that column. */
  const asColumn = (column: 'id' | 'payload', value: string): string =>
    `(jsonb_populate_record(null::${table.sql}, jsonb_build_object(${literal(unquoted(c[column]))}, ${value}))).${c[column]}`;
  return {
    dead: (queue, limit, offset) => ({
      text: `select queue, id, payload, reason, attempts, history, ${epochMs('last_failed_at')} as "lastFailedAtMs"
from ${dead.sql} where queue = $1::text order by last_failed_at, id limit $2::bigint offset $3::bigint`,
      values: [queueName(queue), whole(limit, 'limit', 0), whole(offset, 'offset', 0)],
    }),

    // The letter goes only if its job can be run again: a dead one, or one whose row is gone. That one is made anew, under
    // its old id, and under a fence that no claim of it has had. The letter has id and payload as text and JSON;
    // `jsonb_populate_record` gives them the types that they have in the jobs table.
    redrive: (queue, id) => ({
      text: `with letter as (
  delete from ${dead.sql} as d where d.queue = $1::text and d.id = $2::text and not exists (
    select from ${table.sql} as j where j.${c.id} = ${asColumn('id', 'd.id')}
      and (j.${c.state} <> 'dead' or j.${c.queue} <> $1::text))
  returning d.*, ${asColumn('id', 'd.id')} as job_id
), again as (
  update ${table.sql} as j set ${c.state} = 'ready', ${c.attempt} = 0, ${c.history} = '[]', ${c.runAt} = ${NOW},
    ${c.dueAt} = ${NOW}, ${c.startedAt} = null, ${c.finishedAt} = null
  from letter where j.${c.id} = letter.job_id and j.${c.state} = 'dead'
  returning letter.id
), anew as (
  insert into ${table.sql} (${c.id}, ${c.queue}, ${c.payload}, ${c.state}, ${c.runAt}, ${c.dueAt}, ${c.attempt}, ${c.fence},
    ${c.history}, ${c.createdAt})
  overriding system value
  select job_id, queue, ${asColumn('payload', 'payload')}, 'ready', ${NOW}, ${NOW}, 0,
    (select coalesce(max((h ->> 'fence')::bigint), 0) + 1 from jsonb_array_elements(history) as h), '[]', created_at
  from letter where not exists (select from ${table.sql} as j where j.${c.id} = letter.job_id)
  returning $2::text as id
), j as (select id from again union all select id from anew)
select id from j where pg_notify('${CHANNEL}', $3::text)::text is not null`,
      values: [queueName(queue), id, wakeWord(place, queue)],
    }),

    purge: (queue, olderThanMs) => ({
      text: `with gone as (
  delete from ${dead.sql} where queue = $1::text and last_failed_at <= ${NOW} - ${ms('$2')} returning queue, id
), jobs as (
  delete from ${table.sql} as j using gone where j.${c.id}::text = gone.id and j.${c.queue} = gone.queue and j.${c.state} = 'dead'
)
select id from gone`,
      values: [queueName(queue), whole(olderThanMs, 'olderThanMs', 0)],
    }),
  };
}
