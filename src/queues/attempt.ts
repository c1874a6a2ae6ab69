import { decide, type Random, type RetryPolicy, seeded, type Verdict } from '../index.js';
import {
  Attempt,
  type Clock,
  checkVerdict,
  hintOf,
  judge,
  MAX_TIMER_MS,
  systemClock,
  TimeoutError,
  watch,
} from '../internal.js';
import { errorData } from './error.js';
import type { AttemptEvent, DeadReason, Handler, HistoryRow, JobContext, QueueOptions } from './types.js';

/** What every host has in common: whose policy, whose job, which attempt. */
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
 * Runs one attempt of a job and says what follows. Never rejects, but for what `passThrough` lets through.
 *
 * Call it only after `stalledReason` has said that the attempt may run.
 */
export async function runAttempt<Job>(run: AttemptRun<Job>): Promise<Outcome> {
  const { options, attempt } = run;
  const { clock = systemClock } = options;
  if (options.signal?.aborted) return { kind: 'released' };

  const startedAtMs = clock.wallNow();
  const startMs = clock.now();
  const context = new Attempt(attempt);
  const settled = await settle(run, context, clock);
  const durationMs = Math.round(clock.now() - startMs);

  if (settled.how === 'failed' && !settled.timedOut) {
    if (run.passThrough?.(settled.error)) throw settled.error;
    // Only a failure is cut short: work that was finished in spite of the abort must not be done twice.
    if (options.signal?.aborted) return { kind: 'released' };
  }

  const judged = settled.how === 'done' ? settled : afterFailure(run, context, settled.error, clock);
  const told = await tell(run, judged, durationMs);
  const row: HistoryRow = { attempt, outcome: judged.how, startedAtMs, durationMs, ...told };
  if (judged.how === 'done') return { kind: 'done', value: judged.value, record: row };
  const error = errorData(judged.error);
  if (judged.how === 'retry') {
    const { how, ...rest } = judged;
    return { kind: how, ...rest, record: { ...row, error, delayMs: judged.delayMs } };
  }
  const { how, ...rest } = judged;
  return { kind: how, ...rest, record: { ...row, error, reason: judged.reason } };
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

type Settled =
  | { readonly how: 'done'; readonly value: unknown }
  | {
      readonly how: 'failed';
      readonly error: unknown;
      /** By the attempt's own time, whatever the handler rejects with after it. */
      readonly timedOut: boolean;
    };

/** Calls the handler and waits for it, or for the end of its time. After that its own settling changes nothing. */
async function settle<Job>(run: AttemptRun<Job>, context: Attempt, clock: Clock): Promise<Settled> {
  const signals = [run.hostSignal, run.options.signal].filter((signal) => signal !== undefined);
  const leave = signals.map((signal) => {
    const abort = (): void => context.abort(signal.reason);
    if (signal.aborted) abort();
    return watch(signal, abort);
  });
  let cancelTimer: (() => void) | undefined;
  const limitMs = timeLimit(run);
  const timeout = new Promise<Settled>((resolve) => {
    cancelTimer = timer(clock, limitMs, () => {
      const error = new TimeoutError(`Attempt ${run.attempt} took longer than ${limitMs} ms`);
      context.abort(error);
      resolve({ how: 'failed', error, timedOut: true });
    });
  });
  try {
    return await Promise.race([call(run, context), timeout]);
  } finally {
    cancelTimer?.();
    for (const leaveOne of leave) leaveOne();
  }
}

async function call<Job>({ handler, job }: AttemptRun<Job>, context: JobContext): Promise<Settled> {
  try {
    return { how: 'done', value: await handler(job, context) };
  } catch (error) {
    return { how: 'failed', error, timedOut: false };
  }
}

/**
 * The time of one attempt, cut at the deadline. A first attempt has the time it would have in `retry()`, counted from
 * when it begins: a job must not be given less, or none, because it had to wait for a worker.
 */
function timeLimit<Job>({ policy, attempt, elapsedMs }: Run<Job>): number {
  const { attemptTimeoutMs, maxElapsedMs } = policy;
  if (maxElapsedMs === Infinity) return attemptTimeoutMs;
  const leftMs = attempt <= 1 ? maxElapsedMs : Math.max(0, Math.ceil(maxElapsedMs - elapsedMs()));
  return Math.min(attemptTimeoutMs, leftMs);
}

/** A timer of any length, in pieces that a timer can hold; gives what cancels it. */
function timer(clock: Clock, ms: number, fn: () => void): () => void {
  let cancel: (() => void) | undefined;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, MAX_TIMER_MS);
    cancel = clock.setTimer(pieceMs, () => (leftMs > pieceMs ? arm(leftMs - pieceMs) : fn()), false);
  };
  if (ms < Infinity) arm(ms);
  return () => cancel?.();
}

type Judged =
  | { readonly how: 'done'; readonly value: unknown }
  | {
      readonly how: 'retry';
      readonly delayMs: number;
      readonly hintMs: number | undefined;
      readonly error: unknown;
    }
  | { readonly how: 'dead'; readonly reason: DeadReason; readonly error: unknown };

/** Judges a failure, the caller's word first, and asks for the decision. A hook that throws is the end, as in `retry`. */
function afterFailure<Job>(run: AttemptRun<Job>, context: JobContext, error: unknown, clock: Clock): Judged {
  const { policy, attempt, options } = run;
  try {
    const verdict: Verdict = checkVerdict(options.classify?.(error, context)) ?? judge(error, policy, clock);
    const next = decide(policy, { verdict, attempt, elapsedMs: run.elapsedMs() }, randomOf(run));
    return next.retry
      ? { how: 'retry', delayMs: next.delayMs, hintMs: hintOf(verdict), error }
      : { how: 'dead', reason: next.reason, error };
  } catch (hookError) {
    return { how: 'dead', reason: 'hook-failed', error: hookError };
  }
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
