import {
  type AttemptsTable,
  attemptsTable,
  type DeadKey,
  deadKeys,
  DEFAULT_ATTEMPTS_TABLE,
  histories,
  jobKeys,
} from '../attempts-table.js';
import { deadLetter } from '../dead-letter.js';
import { optionsOf } from '../options.js';
import { ageOf, pageOf } from '../page.js';
import type { DeadLetter, DeadLetters, DeadReason, HistoryRow } from '../types.js';
import type { DeadOutput } from './consumer.js';
import type { DeadBoss, DeadBossJob } from './host.js';

const PAGE = 1_000;

export interface DeadLettersOptions {
  /** The side table of attempts, as given to `work`. Default `ostinato_attempts`. */
  readonly history?: string | null | undefined;
}

/**
 * The dead letters in a dead letter queue of pg-boss, whatever queues they came from. pg-boss removes them after that
 * queue's `retentionSeconds` (14 days, unless told otherwise). Jobs that something else put there are left alone.
 *
 * `redrive` and `purge` look for their letters page by page, 1 000 at a time.
 *
 * @throws TypeError if `history` is no SQL identifier, or for an option there is not.
 */
export function deadLetters<Payload = unknown>(
  boss: DeadBoss,
  deadQueue: string,
  options?: DeadLettersOptions | null,
): DeadLetters<Payload> {
  const { history = DEFAULT_ATTEMPTS_TABLE } = optionsOf('deadLetters', options, { history: '' });
  const attempts = attemptsTable(history);
  return {
    async list(page) {
      const { limit, offset } = pageOf(page);
      if (limit === 0) return [];
      const jobs: DeadJob[] = [];
      for await (const job of dead(boss, deadQueue)) {
        if (jobs.push(job) >= offset + limit) break;
      }
      return lettersOf<Payload>(boss, attempts, jobs.slice(offset));
    },
    async redrive(id) {
      for await (const job of dead(boss, deadQueue)) {
        if (job.sourceId === id) return (await boss.redrive(deadQueue, { ids: [job.id] })) === 1;
      }
      return false;
    },
    async purge(age) {
      const olderThanMs = ageOf(age);
      const latest = (await nowMs(boss)) - olderThanMs;
      const jobs: DeadJob[] = [];
      for await (const job of dead(boss, deadQueue)) {
        if (job.createdOn.getTime() > latest) break;
        jobs.push(job);
      }
      return remove(boss, deadQueue, attempts, jobs);
    },
  };
}

/** A job that died on another queue, and was not sent to this one by somebody. */
type DeadJob = DeadBossJob & { readonly sourceName: string; readonly sourceId: string };

const isDeadJob = (job: DeadBossJob): job is DeadJob => job.sourceName !== null && job.sourceId !== null;

/** The oldest first: pg-boss lists by creation, and a dead letter is created when its job dies. */
async function* dead(boss: DeadBoss, queue: string): AsyncGenerator<DeadJob> {
  let after: string | undefined;
  for (;;) {
    const page = await boss.findJobs(queue, {
      queued: true,
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    yield* page.filter(isDeadJob);
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

async function lettersOf<Payload>(
  boss: DeadBoss,
  attempts: AttemptsTable,
  jobs: readonly DeadJob[],
): Promise<DeadLetter<Payload>[]> {
  const { rows } = await boss.getDb().executeSql(attempts.history, jobKeys(jobs.map(keyOf)));
  const historyOf = histories(rows);
  return jobs.map((job) => letterOf(job, historyOf(keyOf(job))));
}

const keyOf = ({ sourceName: queue, sourceId: id, createdOn }: DeadJob): DeadKey => ({
  queue,
  id,
  diedAtMs: createdOn.getTime(),
});

function letterOf<Payload>(job: DeadJob, history: readonly HistoryRow[]): DeadLetter<Payload> {
  const { reason, attempts } = outputOf(job);
  return deadLetter<Payload>({
    queue: job.sourceName,
    name: job.sourceName,
    payload: job.data,
    id: job.sourceId,
    reason,
    attempts,
    history,
    nowMs: job.createdOn.getTime(),
  });
}

/** A job that pg-boss ended by itself never told us why: its attempts were used up by crashes. */
function outputOf({ sourceOutput, sourceRetryCount }: DeadJob): { reason: DeadReason; attempts: number } {
  const output: Partial<DeadOutput> = sourceOutput ?? {};
  return {
    reason: output.reason ?? 'stalled',
    attempts: output.attempts ?? (sourceRetryCount ?? 0) + 1,
  };
}

async function remove(
  boss: DeadBoss,
  deadQueue: string,
  attempts: AttemptsTable,
  jobs: readonly DeadJob[],
): Promise<number> {
  if (jobs.length === 0) return 0;
  await boss.deleteJob(
    deadQueue,
    jobs.map((job) => job.id),
  );
  await boss.getDb().executeSql(attempts.forget, deadKeys(jobs.map(keyOf)));
  return jobs.length;
}

async function nowMs(boss: DeadBoss): Promise<number> {
  const { rows } = await boss
    .getDb()
    .executeSql('select (extract(epoch from clock_timestamp()) * 1000)::float8 as now');
  return rows[0]?.now ?? 0;
}
