import { type AttemptsTable, type Claim, releaseValues, settleValues } from '../attempts-table.js';
import type { HistoryRow } from '../types.js';
import type { Boss, BossJob, BossTransaction } from './host.js';

/** What pg-boss makes an interval of: as seconds it must fit into 32 bits, which is some 68 years. */
const MAX_SECONDS = 2 ** 31 - 1;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * The settles that take more than one statement, each in a transaction, so that a crash between the two leaves the job
 * claimed and no worse. Both resolve to whether the job was still this worker's; if not, nothing has changed.
 *
 * To give a job back is to fail and reschedule it, too: the attempt is taken off by the side table, and the next claim
 * has a fence of its own, which a mere un-claim would not give it.
 */
export function settling(boss: Boss, queue: string, attempts: AttemptsTable) {
  return {
    retry: (job: BossJob, claim: Claim, record: HistoryRow, delayMs: number): Promise<boolean> =>
      transaction(async ({ db }) => {
        const { rows } = await db.executeSql(attempts.settle, settleValues(queue, claim, record));
        return rows.length === 1 && (await reschedule(db, job, delayMs, record.error));
      }),
    release: (job: BossJob, claim: Claim): Promise<boolean> =>
      transaction(async ({ db }) => {
        await db.executeSql(attempts.release, releaseValues(queue, claim));
        return reschedule(db, job, 0, { message: 'Given back at shutdown' });
      }),
  };

  async function reschedule(db: unknown, job: BossJob, delayMs: number, output?: object): Promise<boolean> {
    const { id, retryCount } = job;
    const failed = await boss.fail(queue, { id, retryCount }, output, { db });
    // Declared as an empty interface; `affected` is there, and a contract test watches it.
    if ((failed as { affected?: number }).affected !== 1) return false;
    const seconds = delayMs / 1_000;
    const startAfter = seconds <= MAX_SECONDS ? seconds : `${Math.ceil(delayMs / DAY_MS)} days`;
    const { updated } = await boss.update({ name: queue, options: { id, startAfter, db } });
    return updated === 1;
  }

  async function transaction(run: (tx: BossTransaction) => Promise<boolean>): Promise<boolean> {
    const tx = await boss.getDb().beginTransaction?.();
    if (!tx) throw new Error("pg-boss's connection no longer offers transactions");
    try {
      const held = await run(tx);
      if (held) await tx.commit();
      else await tx.rollback();
      return held;
    } catch (error) {
      await tx.rollback();
      throw error;
    }
  }
}
