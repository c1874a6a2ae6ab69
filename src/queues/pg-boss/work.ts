import type { PolicySpec } from '../../index.js';
import { resolvePolicy, systemClock, watch } from '../../internal.js';
import { attemptsTable, DEFAULT_ATTEMPTS_TABLE } from '../attempts-table.js';
import { checkHandler, type Known, optionsOf, QUEUE_OPTIONS } from '../options.js';
import { patienceOf, type StopOptions, within } from '../stop.js';
import type { Handler, QueueOptions } from '../types.js';
import { wakeUps } from '../wake-ups.js';
import { consumer } from './consumer.js';
import type { Boss, BossJob, BossWorkOptions, JobResult } from './host.js';
import { prepare } from './prepare.js';

/** What `work` takes beside the options all queues have: pg-boss's own worker options, and two names. */
export interface WorkOptions<Job> extends QueueOptions<Job>, OrNull<BossWorkOptions> {
  /** The side table of attempts, as `name` or `schema.name`; made if it is missing. Default `ostinato_attempts`. */
  readonly history?: string | null | undefined;
  /** The schema pg-boss was installed in, as it was told. Default `pgboss`. */
  readonly schema?: string | null | undefined;
}

/** Options that may be null, which is the same as not given. */
type OrNull<Options> = { readonly [Name in keyof Options]: Options[Name] | null | undefined };

const OPTIONS: Known<WorkOptions<never>> = {
  ...QUEUE_OPTIONS,
  history: '',
  schema: '',
  batchSize: '',
  localConcurrency: '',
  pollingIntervalSeconds: '',
  notifyPollingIntervalSeconds: '',
  burstWhenBatchFull: '',
  burstWhenReadyExceeds: '',
  groupConcurrency: '',
  localGroupConcurrency: '',
  heartbeatRefreshSeconds: '',
  minPriority: '',
  maxPriority: '',
};

/** A running `work` call. */
export interface BossWorker {
  /** What `boss.offWork(queue, { id })` and `boss.notifyWorker(id)` know it by. */
  readonly id: string;
  /**
   * Takes no further job, aborts the handlers in hand and gives back the jobs of those that then reject, their attempts
   * uncounted. Waits for them at most `timeoutMs` (default 30 000); one that is still running then keeps its attempt,
   * and pg-boss takes its job over when it expires. Call it before `boss.stop()`, which counts attempts it cuts short.
   * Rejects with a RangeError for a `timeoutMs` that is none, with a TypeError for another option.
   */
  stop(options?: StopOptions | null): Promise<void>;
}

/**
 * Works a pg-boss queue under a policy. The queue must have been made with `queueOptions(policy)`; the code that sends
 * jobs says nothing about retries, and what it says all the same is overruled.
 *
 * A failed attempt and the time of the next are written in one transaction, exact to the millisecond on the database's
 * clock, and the worker is woken when that time has come. The jobs of a batch are acknowledged together, when the last
 * of them has settled: prefer `localConcurrency` to `batchSize` where jobs take long.
 *
 * @throws TypeError if the policy or the handler is wrong, or for an option there is not; Error if pg-boss's connection
 * offers no transactions, or if the queue is missing or leaves no room for the policy.
 */
export async function work<Data = unknown>(
  boss: Boss,
  queue: string,
  policy: PolicySpec,
  handler: Handler<BossJob<Data>>,
  given?: WorkOptions<BossJob<Data>> | null,
): Promise<BossWorker> {
  const options = optionsOf('work', given, OPTIONS);
  checkHandler(handler);
  const {
    history = DEFAULT_ATTEMPTS_TABLE,
    schema = 'pgboss',
    signal,
    clock = systemClock,
    classify,
    policyFor,
    onAttempt,
    name,
    random,
    ...own
  } = options;
  const attempts = attemptsTable(history);
  const rules = resolvePolicy(policy);
  await prepare(boss, queue, rules, attempts, schema);

  let id: string | undefined;
  const shutdown = new AbortController();
  const wake = wakeUps(clock, (count) => {
    if (id !== undefined) notify(boss, id, count);
  });
  const batch = consumer<Data>({
    boss,
    queue,
    policy: rules,
    handler,
    attempts,
    schema,
    wake,
    options: { classify, policyFor, onAttempt, name, random, clock, signal: shutdown.signal },
  });
  id = await boss.work(
    queue,
    { burstWhenBatchFull: true, ...own, perJobResults: true, includeMetadata: true },
    (jobs: BossJob<Data>[]): Promise<JobResult[]> => batch(jobs),
  );

  const workId = id;
  let unwatch: (() => void) | undefined;
  const stopFetching = (): Promise<void> => {
    unwatch?.();
    wake.stop();
    shutdown.abort(signal?.reason);
    return boss.offWork(queue, { id: workId, wait: true });
  };
  const onAbort = (): void => void stopFetching().catch(() => undefined);
  if (signal?.aborted) onAbort();
  else if (signal) unwatch = watch(signal, onAbort);

  return {
    id: workId,
    async stop(how) {
      const timeoutMs = patienceOf(how);
      await within(timeoutMs, stopFetching(), clock);
    },
  };
}

/** Wakes as many workers as jobs are due, idle ones first: one that is busy looks again as soon as it is done. */
function notify(boss: Boss, workId: string, count: number): void {
  const workers = boss.getWipData().filter((worker) => worker.workId === workId);
  const idleFirst = [...workers.filter((w) => w.count === 0), ...workers.filter((w) => w.count > 0)];
  for (const worker of idleFirst.slice(0, count)) boss.notifyWorker(worker.id);
}
