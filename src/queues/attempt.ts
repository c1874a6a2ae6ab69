import { decide, type Random, type RetryPolicy, seeded, type Verdict } from '../index.js';
import { type Clock, judge, systemClock } from './core.js';
import { errorData } from './error.js';
import type { AttemptEvent, DeadReason, Handler, HistoryRow, JobContext, QueueOptions } from './types.js';

/** The part of a run that every host has in common: whose policy, whose job, which attempt. */
export interface Run<Job> {
  readonly policy: RetryPolicy;
  readonly job: Job;
  readonly queue: string;
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since the job was first due, on the store's clock; asked before the attempt and at the decision. */
  readonly elapsedMs: () => number;
  readonly options: QueueOptions<Job>;
}

export interface AttemptRun<Job> extends Run<Job> {
  readonly handler: Handler<Job>;
  /** The host's own signal (a cancelled job, a lost lease): joined into the handler's. */
  readonly hostSignal?: AbortSignal | undefined;
  /** Errors that are messages to the host and no failures: `runAttempt` rejects with them, unjudged and unrecorded. */
  readonly passThrough?: ((error: unknown) => boolean) | undefined;
  readonly clock?: Clock | undefined;
}

/** What the host has to be told. `record` is the attempt's history row, to be stored no later than the settle. */
export type Outcome =
  | { readonly kind: 'done'; readonly value: unknown; readonly record: HistoryRow }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly error: unknown; readonly record: HistoryRow }
  | {
      readonly kind: 'dead';
      readonly reason: DeadReason;
      readonly error: unknown;
      readonly record: HistoryRow;
    }
  /** Cut short by shutdown; the handler has settled: give the job back, the attempt does not count. */
  | { readonly kind: 'released' };

type Settled = { readonly how: 'done'; readonly value: unknown } | Failed;

interface Failed {
  readonly how: 'failed';
  readonly error: unknown;
  /** By the attempt's own time, whatever the handler rejects with after it. */
  readonly timedOut: boolean;
}

/**
 * Runs one attempt of a job and says what follows. Never rejects, but for what `passThrough` lets through.
 *
 * Call it only after `stalledReason` has said that the attempt may run.
 */
export async function runAttempt<Job>(run: AttemptRun<Job>): Promise<Outcome> {
  const { options, attempt, clock = systemClock } = run;
  if (options.signal?.aborted) return { kind: 'released' };

  const startedAtMs = clock.wallNow();
  const startMs = clock.now();
  const abort = new AbortController();
  const context: JobContext = { attempt, signal: abort.signal };
  const settled = await settle(run, context, abort, clock);
  const durationMs = Math.round(clock.now() - startMs);

  if (settled.how === 'failed' && !settled.timedOut) {
    if (run.passThrough?.(settled.error)) throw settled.error;
    // Only a failure is cut short: work that was finished in spite of the abort must not be done twice.
    if (options.signal?.aborted) return { kind: 'released' };
  }

  const outcome = settled.how === 'done' ? settled : failed(run, context, settled, clock);
  const told = await tell(run, outcome, durationMs);
  const row: HistoryRow = { attempt, outcome: outcome.how, startedAtMs, durationMs, ...told };
  if (outcome.how === 'done') return { kind: 'done', value: outcome.value, record: row };
  const error = errorData(outcome.error);
  return outcome.how === 'retry'
    ? {
        kind: 'retry',
        delayMs: outcome.delayMs,
        error: outcome.error,
        record: { ...row, error, delayMs: outcome.delayMs },
      }
    : {
        kind: 'dead',
        reason: outcome.reason,
        error: outcome.error,
        record: { ...row, error, reason: outcome.reason },
      };
}

/**
 * Asked before an attempt runs: why it must not, if so. After crashes the attempts may be used up (`stalled`), or the
 * deadline may have passed. What is left of the delay is nothing (a job of a worker that died is taken over at once, any
 * other has waited already), so the policy is asked with a cap of 0. The first attempt always runs.
 */
export function stalledReason<Job>(run: Run<Job>): DeadReason | undefined {
  if (run.attempt <= 1) return undefined;
  const next = decide(
    { ...run.policy, maxDelayMs: 0 },
    { verdict: 'retry', attempt: run.attempt - 1, elapsedMs: run.elapsedMs() },
    () => 0,
  );
  if (next.retry) return undefined;
  return next.reason === 'retries-exhausted' ? 'stalled' : next.reason;
}

/** The draws of a job: the caller's stream, or one that can be computed again anywhere from queue and id. */
export const randomOf = <Job>({ options, job, queue, id }: Run<Job>): Random =>
  options.random?.(job) ?? seeded(`${queue}:${id}`);

/** Calls the handler and waits for it, or for the end of its time. After that its own settling changes nothing. */
async function settle<Job>(
  run: AttemptRun<Job>,
  context: JobContext,
  abort: AbortController,
  clock: Clock,
): Promise<Settled> {
  const unjoin = [run.hostSignal, run.options.signal].map((signal) => join(signal, abort));
  let cancelTimer: (() => void) | undefined;
  const timeout = new Promise<Settled>((resolve) => {
    const limitMs = timeLimit(run.policy, run.elapsedMs);
    if (limitMs === Infinity) return;
    cancelTimer = clock.setTimer(
      limitMs,
      () => {
        const error = new DOMException(
          `Attempt ${run.attempt} took longer than ${limitMs} ms`,
          'TimeoutError',
        );
        abort.abort(error);
        resolve({ how: 'failed', error, timedOut: true });
      },
      false,
    );
  });
  try {
    return await Promise.race([call(run, context), timeout]);
  } finally {
    cancelTimer?.();
    for (const leave of unjoin) leave();
  }
}

async function call<Job>({ handler, job }: AttemptRun<Job>, context: JobContext): Promise<Settled> {
  try {
    return { how: 'done', value: await handler(job, context) };
  } catch (error) {
    return { how: 'failed', error, timedOut: false };
  }
}

/** The time of one attempt, cut at the deadline; only a first attempt can begin past that, and keeps its full time. */
function timeLimit(policy: RetryPolicy, elapsedMs: () => number): number {
  if (policy.maxElapsedMs === Infinity) return policy.attemptTimeoutMs;
  const leftMs = policy.maxElapsedMs - elapsedMs();
  return leftMs > 0 ? Math.min(policy.attemptTimeoutMs, leftMs) : policy.attemptTimeoutMs;
}

function join(signal: AbortSignal | undefined, abort: AbortController): () => void {
  const onAbort = (): void => abort.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return () => signal?.removeEventListener('abort', onAbort);
}

type Judged =
  | { readonly how: 'done'; readonly value: unknown }
  | { readonly how: 'retry'; readonly delayMs: number; readonly error: unknown }
  | { readonly how: 'dead'; readonly reason: DeadReason; readonly error: unknown };

function failed<Job>(run: AttemptRun<Job>, context: JobContext, settled: Failed, clock: Clock): Judged {
  const { error } = settled;
  try {
    const verdict = verdictOn(run, context, settled, clock);
    const elapsedMs = run.elapsedMs();
    const next = decide(run.policy, { verdict, attempt: run.attempt, elapsedMs }, randomOf(run));
    return next.retry
      ? { how: 'retry', delayMs: next.delayMs, error }
      : { how: 'dead', reason: next.reason, error };
  } catch (hookError) {
    return { how: 'dead', reason: 'hook-failed', error: hookError };
  }
}

function verdictOn<Job>(
  { options, policy }: AttemptRun<Job>,
  context: JobContext,
  { error, timedOut }: Failed,
  clock: Clock,
): Verdict {
  return options.classify?.(error, context) ?? (timedOut ? 'retry' : judge(error, policy, clock));
}

/** A watcher that throws must not change what becomes of the job; what it threw is kept in the history. */
async function tell<Job>(
  { options, job, queue, id, attempt }: AttemptRun<Job>,
  judged: Judged,
  durationMs: number,
): Promise<Pick<HistoryRow, 'hookError'>> {
  if (!options.onAttempt) return {};
  const event: AttemptEvent<Job> = {
    job,
    queue,
    id,
    attempt,
    outcome: judged.how,
    durationMs,
    ...(judged.how !== 'done' && { error: judged.error }),
    ...(judged.how === 'retry' && { delayMs: judged.delayMs }),
    ...(judged.how === 'dead' && { reason: judged.reason }),
  };
  try {
    await options.onAttempt(event);
    return {};
  } catch (error) {
    return { hookError: errorData(error) };
  }
}
