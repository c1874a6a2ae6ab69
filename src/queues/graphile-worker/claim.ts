import { retry } from '../../index.js';
import { resolvePolicy } from '../../internal.js';
import {
  attemptsTable,
  type Begun,
  beginValues,
  begunClaims,
  hookErrorValues,
  releaseValues,
} from '../attempts-table.js';
import type { ErrorData } from '../error.js';
import { persist } from '../persist.js';
import type { DeadReason, HistoryRow } from '../types.js';
import type { GraphileHelpers } from './host.js';
import type { AllNames } from './names.js';
import { HEADROOM, type Statements } from './statements.js';

/** How long graphile-worker is waited for to fail a job that was told to be due at another time: at first it takes no longer than a statement. */
const FOLLOW_UP = /* @__PURE__ */ resolvePolicy({
  maxRetries: Infinity,
  backoff: 'exponential',
  baseDelayMs: 2,
  factor: 2,
  maxDelayMs: 1_000,
  maxElapsedMs: 60_000,
  jitter: 'none',
});

/**
 * A job given back is due again after this long. Until then graphile-worker has failed it, which it does although the
 * task gave it back, and which must not hit a claim of the same pool.
 */
const RELEASE_PAUSE_MS = 1_000;

/** A hundred years: no claim is older. */
const FOREVER_MS = 100 * 365 * 24 * 60 * 60 * 1_000;

/** The end of a claim: what to write into its row, and into the dead letter. */
export interface Burial {
  /** `released`: the claim found that there was no attempt left, and is none itself. */
  readonly outcome: 'dead' | 'released';
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly durationMs?: number;
  readonly error?: ErrorData;
  readonly hookError?: ErrorData;
}

/** What can be done about one claim of a job, fenced by it. */
export function claimed(helpers: GraphileHelpers, sql: Statements, names: AllNames) {
  const { job, abortSignal } = helpers;
  const table = attemptsTable(names.history);
  const queue = job.task_identifier;
  const claim = {
    id: job.id,
    fence: job.attempts,
    dueAt: job.run_at,
    bornAt: job.created_at,
    claimedAt: job.locked_at,
  };
  const key = [queue, job.id, job.attempts];
  const write = async (text: string, values: unknown[]): Promise<any[]> =>
    (await persist(() => helpers.query(text, values), abortSignal)).rows;

  return {
    async begin(): Promise<Begun> {
      const begun = begunClaims(await write(table.begin, beginValues(queue, [claim]))).get(job.id);
      if (!begun) throw new Error(`The claim of job ${job.id} left no row`);
      return begun;
    },

    /** Keeps what `onAttempt` threw about earlier attempts. A history is not worth a job: a failure changes nothing. */
    async keepHookErrors(errors: ReadonlyMap<number, ErrorData>): Promise<void> {
      for (const values of hookErrorValues(queue, job.id, errors))
        await helpers.query(table.keepHookError, values).catch(() => undefined);
    },

    /** Whether the job was still this worker's. */
    async retry({ durationMs, delayMs, error, hookError }: HistoryRow): Promise<boolean> {
      const values = [...key, job.locked_by, durationMs, delayMs, json(error), json(hookError)];
      const held = (await write(sql.retry, values)).length === 1;
      // In memory, too: graphile-worker tells its listeners by these whether a job has failed for good.
      if (held) job.max_attempts = Math.max(job.max_attempts, HEADROOM);
      return held;
    },

    /** Sets the exact time as soon as graphile-worker has failed the job. Until then, and if this never happens, it is late. */
    async due(): Promise<void> {
      await retry(() => helpers.query(sql.due, key), FOLLOW_UP, {
        classify: () => 'retry',
        classifyResult: ({ rows }) => (rows.length === 0 ? 'retry' : undefined),
        unref: true,
      });
    },

    async bury({ outcome, reason, attempts, durationMs, error, hookError }: Burial): Promise<void> {
      const values = [durationMs ?? null, outcome, json(error), json(hookError), reason, attempts];
      const rows = await write(sql.bury, [...key, job.locked_by, ...values]);
      if (rows.length === 1) job.max_attempts = job.attempts;
    },

    /** @throws Error if the job is somebody else's: resolving would delete it under them. */
    async done({ durationMs, hookError }: HistoryRow): Promise<void> {
      const rows = await write(sql.done, [...key, job.locked_by, durationMs, json(hookError)]);
      if (rows.length === 0)
        throw new Error(`Job ${job.id} was taken over while attempt ${job.attempts} ran`);
    },

    async release(): Promise<void> {
      await write(table.release, releaseValues(queue, claim, RELEASE_PAUSE_MS));
      await write(sql.free, [FOREVER_MS, [claimKey(job.id, job.attempts, job.locked_by)], 0]);
    },
  };
}

/** A claim as `free` takes it. */
export const claimKey = (id: string, attempts: number, pool: string | null): string =>
  `${id}:${attempts}:${pool}`;

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
