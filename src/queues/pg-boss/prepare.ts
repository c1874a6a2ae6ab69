import type { RetryPolicy } from '../../index.js';
import type { AttemptsTable } from '../attempts-table.js';
import type { Boss, BossDb } from './host.js';
import { takeLimits, takeLimitsValues } from './limits.js';
import { HEADROOM } from './queue-options.js';

/** Refuses what could not work, before the first job is taken, and makes the side table. */
export async function prepare(
  boss: Boss,
  queue: string,
  policy: RetryPolicy,
  attempts: AttemptsTable,
  schema: string,
): Promise<void> {
  const db = boss.getDb();
  if (typeof db.beginTransaction !== 'function') {
    throw new Error(
      "ostinato/pg-boss needs transactions: pg-boss's built-in pool has them, this `db` adapter has no beginTransaction",
    );
  }
  await refuseQueue(boss, queue, policy);
  try {
    await db.executeSql(takeLimits(schema), takeLimitsValues(queue, []));
  } catch (error) {
    throw new Error(
      `pg-boss's job table was not found in schema ${JSON.stringify(schema)}, or is not the one known: pass the schema pg-boss was given as \`schema\``,
      { cause: error },
    );
  }
  await createTable(db, attempts);
}

async function refuseQueue(boss: Boss, queue: string, policy: RetryPolicy): Promise<void> {
  const found = await boss.getQueue(queue);
  if (!found) throw new Error(`pg-boss has no queue ${JSON.stringify(queue)}: createQueue comes first`);
  const { retryLimit = 0, expireInSeconds = 0 } = found;
  const faults = [
    ...(retryLimit < HEADROOM
      ? [`its retryLimit of ${retryLimit} would end jobs before the policy does`]
      : []),
    ...(policy.attemptTimeoutMs < Infinity && expireInSeconds * 1_000 <= policy.attemptTimeoutMs
      ? [`it expires jobs after ${expireInSeconds} s, within the policy's attemptTimeoutMs`]
      : []),
  ];
  if (faults.length > 0) {
    throw new Error(
      `Queue ${JSON.stringify(queue)} was not made for this policy (${faults.join('; ')}): updateQueue(${JSON.stringify(queue)}, queueOptions(policy))`,
    );
  }
}

/** Only when it is missing, so that a role without the right to create tables can work once somebody else has. */
async function createTable(db: BossDb, attempts: AttemptsTable): Promise<void> {
  const exists = async (): Promise<boolean> => (await db.executeSql(attempts.exists)).rows[0]?.found === true;
  if (await exists()) return;
  try {
    await db.executeSql(attempts.schema);
  } catch (error) {
    // `create table if not exists` is not safe against another session that creates it in the same moment.
    if (!(await exists())) throw error;
  }
}
