import {
  Attempt,
  attemptEvent,
  type Clock,
  followUp,
  isTimed,
  limited,
  type Limited,
  run,
  systemClock,
  watch,
} from '../internal.js';
import { errorData } from './error.js';
import { randomOf, type Run } from './run.js';
import { tell, type Told } from './tell.js';
import type { DeadReason, Handler, HistoryRow, RunEvent } from './types.js';

export interface AttemptRun<Job> extends Run<Job> {
  readonly handler: Handler<Job>;
  /** The host's own signal (a cancelled job, a lost lease): joined into the handler's. */
  readonly hostSignal?: AbortSignal | undefined;
  /** Errors that are messages to the host and no failures: `runAttempt` rejects with them, unjudged and unrecorded. */
  readonly passThrough?: ((error: unknown) => boolean) | undefined;
}

/** What the host has to be told. `record` is the attempt's history row, to be stored no later than the settle. */
export type Outcome =
  | { readonly kind: 'done'; readonly value: unknown; readonly record: HistoryRow }
  | {
      readonly kind: 'retry';
      readonly delayMs: number;
      /** The hint that had a part in the delay. */
      readonly hintMs: number | undefined;
      readonly error: unknown;
      readonly record: HistoryRow;
    }
  | {
      readonly kind: 'dead';
      readonly reason: DeadReason;
      readonly error: unknown;
      readonly record: HistoryRow;
    }
  /** Cut short by shutdown; the handler has settled: give the job back, the attempt does not count. */
  | { readonly kind: 'released' };

/**
 * Runs one attempt of a job and says what follows. Never rejects, except with an error that `passThrough` accepts.
 *
 * Call it only after `takeOver` has said that the attempt may run.
 */
export async function runAttempt<Job>(job: AttemptRun<Job>): Promise<Outcome> {
  const { options, attempt } = job;
  const clock = options.clock ?? systemClock;
  if (options.signal?.aborted) return { kind: 'released' };

  const startedAtMs = clock.wallNow();
  const startMs = clock.now();
  const context = new Attempt(attempt);
  const came = await handled(job, context, startMs, clock);
  const durationMs = Math.round(clock.now() - startMs);
  if (came.failed && !came.wasCutOff) {
    if (job.passThrough?.(came.outcome)) throw came.outcome;
    // Only a failure is cut short by a shutdown: finished work must not be done twice.
    if (options.signal?.aborted) return { kind: 'released' };
  }

  const elapsedMs = job.elapsedMs();
  const { policy } = job;
  const { classify, policyFor } = options;
  const next = followUp(came.failed, came.outcome, context, elapsedMs, {
    policy,
    deciders: { classify, policyFor },
    // Asked for late: what the caller's function throws is the reason hook-failed.
    random: (retry) => randomOf(job)(retry),
    clock,
  });
  const attempted = { attempt, failed: came.failed, came: came.outcome, durationMs };
  const event = attemptEvent(undefined, attempted, Math.max(0, Math.round(elapsedMs)), next);
  const outcome = event.outcome === 'stop' ? 'dead' : event.outcome;
  const hookError = await tell(job, { ...event, outcome } as Told<RunEvent<Job>>);
  const row: HistoryRow = { attempt, outcome, startedAtMs, durationMs, ...(hookError && { hookError }) };

  if (next.outcome === 'done') return { kind: 'done', value: came.outcome, record: row };
  const error = next.reason === 'hook-failed' ? next.hookError : came.outcome;
  const failed = { ...row, error: errorData(error) };
  if (next.outcome === 'retry') {
    const { delayMs = 0, hintMs } = next;
    return { kind: 'retry', delayMs, hintMs, error, record: { ...failed, delayMs } };
  }
  const reason = next.reason as DeadReason;
  return { kind: 'dead', reason, error, record: { ...failed, reason } };
}

interface Handled {
  readonly failed: boolean;
  readonly outcome: unknown;
  /** By the attempt's own time limit, whatever the handler rejects with after it. */
  readonly wasCutOff: boolean;
}

/** Calls the handler and waits for it, or for the end of its time. After that, what the handler does changes nothing. */
async function handled<Job>(
  job: AttemptRun<Job>,
  context: Attempt,
  startMs: number,
  clock: Clock,
): Promise<Handled> {
  const { handler, policy, options, hostSignal } = job;
  const leave = [hostSignal, options.signal].map((signal) => signal && join(signal, context));
  let limit: Limited<unknown> | undefined;
  try {
    const result = run((its) => handler(job.job, its), context);
    if (isTimed(policy)) limit = limited(result, context, policy, startMs, spentMs(job), clock);
    return { failed: false, outcome: await (limit?.result ?? result), wasCutOff: false };
  } catch (error) {
    return { failed: true, outcome: error, wasCutOff: limit?.wasCutOff ?? false };
  } finally {
    limit?.cancel();
    for (const leaveOne of leave) leaveOne?.();
  }
}

/** Aborts the attempt's signal with another one. Returns a function that ends this. */
function join(signal: AbortSignal, context: Attempt): () => void {
  const abort = (): void => context.abort(signal.reason);
  if (signal.aborted) abort();
  return watch(signal, abort);
}

/**
 * How much of `maxElapsedMs` is spent. Nothing when a first attempt begins, as in `retry()`: the time that a job waited
 * for a worker does not count against it.
 */
const spentMs = <Job>({ attempt, elapsedMs }: Run<Job>): number => (attempt <= 1 ? 0 : elapsedMs());
