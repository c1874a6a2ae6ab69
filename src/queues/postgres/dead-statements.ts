import { whole } from '../whole.js';
import { queueName } from './names.js';
import { CHANNEL, epochMs, ms, NOW, type Place, wakeWord } from './sql.js';
import type { TableQueue } from './table.js';

/** What operators do with dead letters. */
export function deadStatements(place: Place): Pick<TableQueue, 'dead' | 'redrive' | 'purge'> {
  const { table, dead, columns: c } = place;
  return {
    dead: (queue, limit, offset) => ({
      text: `select queue, id, payload, reason, attempts, history, ${epochMs('last_failed_at')} as "lastFailedAtMs"
from ${dead.sql} where queue = $1::text order by last_failed_at, id limit $2::bigint offset $3::bigint`,
      values: [queueName(queue), whole(limit, 'limit', 0), whole(offset, 'offset', 0)],
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
      values: [queueName(queue), id, wakeWord(place, queue), id],
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
