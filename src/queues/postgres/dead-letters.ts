import { deadLetter } from '../dead-letter.js';
import { ageOf, pageOf } from '../page.js';
import type { DeadLetter, DeadLetters } from '../types.js';
import type { SqlClient, Statement } from './client.js';
import type { TableQueue } from './table-queue.js';

/**
 * What an operator does with the dead letters of one queue. `redrive` makes the dead job itself ready again: it keeps
 * its id, and all attempts are ahead of it; if its row is gone it is made anew from the letter. `purge` removes letters and their jobs.
 */
export function deadLetters<Payload = unknown>(
  client: SqlClient,
  queue: TableQueue,
  name: string,
): DeadLetters<Payload> {
  const run = async ({ text, values }: Statement): Promise<any[]> => (await client.query(text, values)).rows;
  return {
    async list(page): Promise<DeadLetter<Payload>[]> {
      const { limit, offset } = pageOf(page);
      const rows = await run(queue.dead(name, limit, offset));
      return rows.map(({ lastFailedAtMs, ...row }) =>
        deadLetter<Payload>({ ...row, name: row.queue, nowMs: lastFailedAtMs }),
      );
    },
    async redrive(id) {
      return (await run(queue.redrive(name, id))).length > 0;
    },
    async purge(options) {
      return (await run(queue.purge(name, ageOf(options)))).length;
    },
  };
}
