import { attemptsTable, type DeadKey, deadKeys, histories, jobKeys } from '../attempts-table.js';
import { deadLetter } from '../dead-letter.js';
import { quoteIdentifier, quoteName } from '../identifier.js';
import { optionsOf, type Known } from '../options.js';
import { ageOf, pageOf } from '../page.js';
import type { DeadLetter, DeadLetters, DeadReason } from '../types.js';
import type { SqlClient } from './host.js';
import { NAMES, type Names, namesOf } from './names.js';
import { HEADROOM } from './statements.js';

interface Options extends Names {
  /** Only this task's. */
  readonly task?: string | null | undefined;
}

const OPTIONS: Known<Options> = { ...NAMES, task: '' };

/**
 * The dead letters of all tasks, or of one. Each is a row in the table of `schema(names)`; the dead job's own row stays
 * with graphile-worker until its letter is redriven or purged.
 *
 * @throws TypeError if a name is no SQL identifier, or for an option there is not.
 */
export function deadLetters<Payload = unknown>(
  client: SqlClient,
  given?: Options | null,
): DeadLetters<Payload> {
  const options = optionsOf('deadLetters', given, OPTIONS);
  const names = namesOf(options);
  const attempts = attemptsTable(names.history);
  const sql = letters(quoteName(names.dead), quoteIdentifier(names.worker));
  const queue = options.task ?? null;

  return {
    async list(page) {
      const { limit, offset } = pageOf(page);
      const { rows } = await client.query(sql.list, [queue, limit, offset]);
      return lettersOf<Payload>(client, attempts.history, rows);
    },
    async redrive(id) {
      const { rows } = await client.query(sql.redrive, [queue, id]);
      return rows.length === 1;
    },
    async purge(age) {
      const { rows } = await client.query(sql.purge, [queue, ageOf(age)]);
      await client.query(attempts.forget, deadKeys(rows.map(keyOf)));
      return rows.length;
    },
  };
}

const DIED_AT_MS = '(extract(epoch from died_at) * 1000)::float8 as died_at_ms';

// graphile-worker's public view and functions only. `complete_jobs` deletes the dead job's row, which would be swept up
// again; but not that of a job that lives again under the same id (replaced through its key, rescheduled).
const gone = (worker: string): string => `(select count(*) from ${worker}.complete_jobs(array(
    select j.id from ${worker}.jobs j where j.id = letter.id and j.attempts >= j.max_attempts))) as gone`;

const letters = (dead: string, worker: string) => ({
  list: `
select id::text, queue, payload, reason, attempts, ${DIED_AT_MS}
from ${dead} where $1::text is null or queue = $1
order by died_at, id limit $2 offset $3`,
  redrive: `
with letter as (
  delete from ${dead} where ($1::text is null or queue = $1) and id::text = $2::text returning *
)
select new.id::text, ${gone(worker)}
from letter cross join lateral ${worker}.add_job(letter.queue, letter.payload, queue_name => letter.queue_name,
  max_attempts => ${HEADROOM}, priority => letter.priority,
  flags => array(select jsonb_object_keys(letter.flags))) as new`,
  purge: `
with letter as (
  delete from ${dead} where ($1::text is null or queue = $1)
    and died_at <= now() - $2::float8 * interval '1 millisecond'
  returning id, queue, ${DIED_AT_MS}
)
select letter.id::text, letter.queue, letter.died_at_ms, ${gone(worker)} from letter`,
});

interface LetterRow {
  readonly id: string;
  readonly queue: string;
  readonly payload: unknown;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly died_at_ms: number;
}

const keyOf = ({ queue, id, died_at_ms: diedAtMs }: LetterRow): DeadKey => ({ queue, id, diedAtMs });

async function lettersOf<Payload>(
  client: SqlClient,
  history: string,
  rows: readonly LetterRow[],
): Promise<DeadLetter<Payload>[]> {
  const historyOf = histories((await client.query(history, jobKeys(rows))).rows);
  return rows.map((row) => {
    const { id, queue, payload, reason, attempts, died_at_ms: nowMs } = row;
    return deadLetter<Payload>({
      queue,
      name: queue,
      payload: payload as Payload,
      id,
      reason,
      attempts,
      history: historyOf(keyOf(row)),
      nowMs,
    });
  });
}
