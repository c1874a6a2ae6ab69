import { attemptsTable, histories, jobKeys } from '../attempts-table.js';
import { deadLetter } from '../dead-letter.js';
import { quoteIdentifier, quoteName } from '../identifier.js';
import type { DeadLetter, DeadLetters, DeadReason } from '../types.js';
import type { SqlClient } from './host.js';
import { type Names, namesOf } from './names.js';
import { HEADROOM } from './statements.js';

/**
 * The dead letters of all tasks, or of one. Each is a row in the table of `schema(names)`; the dead job's own row stays
 * with graphile-worker until its letter is redriven or purged.
 */
export function deadLetters<Payload = unknown>(
  client: SqlClient,
  options: Names & { /** Only this task's. */ readonly task?: string | undefined } = {},
): DeadLetters<Payload> {
  const names = namesOf(options);
  const attempts = attemptsTable(names.history);
  const sql = letters(quoteName(names.dead), quoteIdentifier(names.worker));
  const queue = options.task ?? null;

  return {
    async list({ limit = 100, offset = 0 } = {}) {
      const { rows } = await client.query(sql.list, [queue, limit, offset]);
      return lettersOf<Payload>(client, attempts.history, rows);
    },
    async redrive(id) {
      const { rows } = await client.query(sql.redrive, [queue, id]);
      return rows.length === 1;
    },
    async purge({ olderThanMs = 0 } = {}) {
      const { rows } = await client.query(sql.purge, [queue, olderThanMs]);
      await client.query(attempts.forget, jobKeys(rows));
      return rows.length;
    },
  };
}

// graphile-worker's public functions only. `complete_jobs` deletes the dead job's row, which would be swept up again.
const letters = (dead: string, worker: string) => ({
  list: `
select id::text, queue, payload, reason, attempts, (extract(epoch from died_at) * 1000)::float8 as died_at_ms
from ${dead} where $1::text is null or queue = $1
order by died_at, id limit $2 offset $3`,
  redrive: `
with letter as (
  delete from ${dead} where ($1::text is null or queue = $1) and id::text = $2::text returning *
)
select new.id::text, (select count(*) from ${worker}.complete_jobs(array[letter.id])) as gone
from letter cross join lateral ${worker}.add_job(letter.queue, letter.payload, queue_name => letter.queue_name,
  max_attempts => ${HEADROOM}, priority => letter.priority,
  flags => array(select jsonb_object_keys(letter.flags))) as new`,
  purge: `
with letter as (
  delete from ${dead} where ($1::text is null or queue = $1)
    and died_at <= now() - $2::float8 * interval '1 millisecond'
  returning id, queue
)
select letter.id::text, letter.queue, (select count(*) from ${worker}.complete_jobs(array[letter.id])) as gone from letter`,
});

interface LetterRow {
  readonly id: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly died_at_ms: number;
}

async function lettersOf<Payload>(
  client: SqlClient,
  history: string,
  rows: readonly LetterRow[],
): Promise<DeadLetter<Payload>[]> {
  const historyOf = histories((await client.query(history, jobKeys(rows))).rows);
  return rows.map(({ id, queue, payload, reason, attempts, died_at_ms: nowMs }) =>
    deadLetter<Payload>({
      queue,
      name: queue,
      payload: payload as Payload,
      id,
      reason,
      attempts,
      history: historyOf({ queue, id }),
      nowMs,
    }),
  );
}
