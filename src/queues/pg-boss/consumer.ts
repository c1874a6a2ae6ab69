import type { RetryPolicy } from '../../index.js';
import { systemClock } from '../../internal.js';
import { type Outcome, runAttempt } from '../attempt.js';
import type { Run } from '../run.js';
import {
  type AttemptsTable,
  type Begun,
  beginValues,
  begunClaims,
  type Claim,
  hookErrorValues,
  releaseValues,
  settleValues,
} from '../attempts-table.js';
import { type ErrorData, errorData } from '../error.js';
import { persist } from '../persist.js';
import { takeOver } from '../take-over.js';
import type { DeadReason, Handler, QueueOptions } from '../types.js';
import type { WakeUps } from '../wake-ups.js';
import type { Boss, BossJob, JobResult } from './host.js';
import { hasOwnLimits, takeLimits, takeLimitsValues } from './limits.js';
import { settling } from './settle.js';

export interface Consumer<Data> {
  readonly boss: Boss;
  readonly queue: string;
  readonly policy: RetryPolicy;
  readonly handler: Handler<BossJob<Data>>;
  readonly attempts: AttemptsTable;
  readonly schema: string;
  readonly wake: WakeUps;
  readonly options: QueueOptions<BossJob<Data>>;
}

/** What `output` of a dead job holds: its error, flat, as pg-boss stores errors, and why there was no further attempt. */
export interface DeadOutput extends ErrorData {
  readonly reason: DeadReason;
  readonly attempts: number;
}

/** The worker function that pg-boss calls with each batch: runs every job, settles it, says what is left to be done. */
export function consumer<Data>(
  context: Consumer<Data>,
): (jobs: readonly BossJob<Data>[]) => Promise<JobResult[]> {
  const { boss, queue, attempts, schema } = context;
  const clock = context.options.clock ?? systemClock;
  const { retry, release } = settling(boss, queue, attempts);

  return async (jobs) => {
    const begun = await begin(jobs);
    // One job in trouble must not end the batch: the handlers of the others are still running.
    const results = await Promise.all(jobs.map((job) => take(job, begun.get(job.id)).catch(failed(job))));
    return results.filter((result) => result !== undefined);
  };

  async function begin(jobs: readonly BossJob<Data>[]): Promise<Map<string, Begun>> {
    const db = boss.getDb();
    const signal = jobs[0]?.signal ?? new AbortController().signal;
    const limited = jobs.filter(hasOwnLimits);
    if (limited.length > 0) {
      await persist(() => db.executeSql(takeLimits(schema), takeLimitsValues(queue, limited)), signal);
    }
    const values = beginValues(queue, jobs.map(claimOf));
    const { rows } = await persist(() => db.executeSql(attempts.begin, values), signal);
    return begunClaims(rows);
  }

  async function take(job: BossJob<Data>, begun: Begun | undefined): Promise<JobResult | undefined> {
    if (!begun || job.signal.aborted) return undefined;
    const startMs = clock.now();
    const run = {
      ...context,
      job,
      id: job.id,
      attempt: begun.attempt,
      elapsedMs: () => begun.elapsedMs + clock.now() - startMs,
    };
    const claim = claimOf(job);
    const over = begun.decided?.reason ?? (await deadBefore(run, begun));
    // While `onAttempt` was awaited, the job may have expired.
    if (job.signal.aborted) return undefined;
    if (over) {
      await persist(() => boss.getDb().executeSql(attempts.release, releaseValues(queue, claim)), job.signal);
      if (isBuried(job)) {
        // Any end that pg-boss calls a failure would make a second letter.
        await persist(() => boss.cancel(queue, { id: job.id, retryCount: job.retryCount }), job.signal);
        return undefined;
      }
      return dead(job, over, begun.attempt - 1, begun.decided?.error);
    }
    const outcome = await runAttempt({ ...run, hostSignal: job.signal });
    // Expired or taken over: the job is somebody else's, and nothing that happened here may touch it.
    return job.signal.aborted ? undefined : settle(job, claim, begun.attempt, outcome);
  }

  /** Why the job must not run; the lost attempts are reported. */
  async function deadBefore(run: Run<BossJob<Data>>, { before }: Begun): Promise<DeadReason | undefined> {
    const { over, hookErrors } = await takeOver(run, before);
    for (const values of hookErrorValues(queue, run.id, hookErrors)) {
      // A history is not worth a job: a failure changes nothing.
      await boss
        .getDb()
        .executeSql(attempts.keepHookError, values)
        .catch(() => undefined);
    }
    return over;
  }

  async function settle(
    job: BossJob<Data>,
    claim: Claim,
    attempt: number,
    outcome: Outcome,
  ): Promise<JobResult | undefined> {
    if (outcome.kind === 'retry') {
      const kept = await persist(() => retry(job, claim, outcome.record, outcome.delayMs), job.signal);
      if (kept) context.wake.in(outcome.delayMs);
      return undefined;
    }
    if (outcome.kind === 'released') {
      await persist(() => release(job, claim), job.signal);
      return undefined;
    }
    // pg-boss settles these after the batch; the history first, so that a settle that is lost leaves its trace.
    const values = settleValues(queue, claim, outcome.record);
    const { rows } = await persist(() => boss.getDb().executeSql(attempts.settle, values), job.signal);
    if (rows.length === 0) return undefined;
    return outcome.kind === 'done'
      ? { id: job.id, status: 'completed', output: outcome.value }
      : dead(job, outcome.reason, attempt, errorData(outcome.error));
  }
}

/** pg-boss counts retries from 0, a fence rises from 1. */
const claimOf = ({ id, retryCount, startAfter, createdOn }: BossJob): Claim => ({
  id,
  fence: retryCount + 1,
  dueAt: startAfter,
  bornAt: createdOn,
});

/** A job that pg-boss had buried as it was told: it has its letter, and was retried by hand. */
function isBuried({ output }: BossJob): boolean {
  const { reason, attempts }: Partial<DeadOutput> = output ?? {};
  return typeof reason === 'string' && typeof attempts === 'number';
}

/** A job whose fate could not be written down, with why. pg-boss runs it again, and the attempt has stalled. */
const failed =
  (job: BossJob) =>
  (error: unknown): JobResult => ({ id: job.id, status: 'failed', output: errorData(error) });

function dead(job: BossJob, reason: DeadReason, attempts: number, error?: ErrorData): JobResult {
  const stalled = { name: 'StalledError', message: `Attempt ${attempts} was never settled by its worker` };
  const output: DeadOutput = { ...(error ?? stalled), reason, attempts };
  return { id: job.id, status: 'deadletter', output };
}
