import { decide, type PolicySpec } from '../../index.js';
import { type Clock, MAX_TIMER_MS, resolvePolicy, systemClock } from '../../internal.js';
import { type AttemptRun, type Outcome, randomOf, runAttempt, stalledReason } from '../attempt.js';
import type { Handler, HistoryRow, QueueOptions } from '../types.js';
import { Alarm } from './alarm.js';
import { ask, isRefusal } from './away.js';
import type { SqlClient, Statement } from './client.js';
import { Lease } from './lease.js';
import { CHANNEL, NOT_RUN, type TableJob, type TableQueue } from './table.js';

/** Starts to LISTEN on a channel, on a session of its own; resolves with what ends it. PGlite's `listen` is one. */
export type Listen = (channel: string, onNotify: (payload: string) => void) => Promise<() => unknown>;

export interface ConsumeOptions<Payload = unknown> extends QueueOptions<TableJob<Payload>> {
  /** Most jobs in hand at once, >= 1. Default 10. */
  readonly concurrency?: number | undefined;
  /**
   * How long a claim lasts without a heartbeat (one is sent each third of it), in milliseconds, >= 1. It is how long
   * the jobs of a process that died wait. Default 30 000.
   */
  readonly leaseMs?: number | undefined;
  /**
   * The longest time between two looks at the table, in milliseconds, >= 1. Only jobs added elsewhere wait for it, and
   * with `listen` not even they. Default 1 000.
   */
  readonly pollMs?: number | undefined;
  /** Where notifications can be had; without it new jobs are found by looking. */
  readonly listen?: Listen | undefined;
  /** A name for people to read in the column `worker`. Default `consumer`. */
  readonly worker?: string | undefined;
  /**
   * Told of every statement that failed. While the server is away that is all that happens: it is asked again until it
   * is back. Without `onError` a statement the server *refuses* (no such table, say) is thrown as an uncaught error, as
   * an `error` event that nobody listens to would be.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Where time comes from. Default: the platform's. Jobs are due by the database clock, whatever this one says. */
  readonly clock?: Clock | undefined;
}

/** A consumer at work. */
export interface Consumer {
  /**
   * Claims no more, aborts the signals of all handlers, and waits for them, `timeoutMs` at the most (0 … Infinity,
   * default 30 000). A handler that succeeds in spite of it has its job completed; one that rejects has it released, the
   * attempt not counted. The job of one that is still running after that keeps its attempt, and is taken over when its
   * lease has run out; whatever becomes of the handler changes nothing. Never rejects; further calls wait for the first.
   */
  stop(options?: { readonly timeoutMs?: number | undefined }): Promise<void>;
}

/** How long to wait when all that is due is locked by somebody else's claim. */
const LOCKED_MS = 25;

/**
 * Works off one queue of a table: claims what is due, calls the handler, and settles each attempt as the policy decides.
 *
 * The job runs at least once; each attempt is recorded exactly once. For exactly once, let the handler run
 * `queue.complete(job)` in the transaction of its own writes: they commit together, or not at all.
 *
 * @throws TypeError if the policy is none, RangeError for an option out of range.
 */
export function consume<Payload = unknown>(
  client: SqlClient,
  queue: TableQueue,
  name: string,
  policy: PolicySpec,
  handler: Handler<TableJob<Payload>>,
  options: ConsumeOptions<Payload> = {},
): Consumer {
  return new TableConsumer(client, queue, name, resolvePolicy(policy), handler, options);
}

class TableConsumer<Payload> implements Consumer {
  readonly #concurrency: number;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #shutdown = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  readonly #leases = new Set<Lease>();
  readonly #loop: Promise<void> | undefined;
  readonly #unlisten: Promise<(() => unknown) | undefined> | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  /** Nobody waits for us any more: whatever comes now changes nothing. */
  #isAbandoned = false;

  constructor(
    private readonly client: SqlClient,
    private readonly queue: TableQueue,
    private readonly name: string,
    private readonly policy: ReturnType<typeof resolvePolicy>,
    private readonly handler: Handler<TableJob<Payload>>,
    private readonly options: ConsumeOptions<Payload>,
  ) {
    this.#concurrency = inRange(options.concurrency ?? 10, 'concurrency');
    this.#leaseMs = inRange(options.leaseMs ?? 30_000, 'leaseMs');
    this.#pollMs = inRange(options.pollMs ?? 1_000, 'pollMs');
    this.#clock = options.clock ?? systemClock;
    this.#alarm = new Alarm(this.#clock);
    // Built before anything runs: a bad name is thrown to the caller.
    const word = queue.wakeWord(name);
    const { signal, listen } = options;
    if (signal?.aborted) {
      void this.stop();
      return;
    }
    signal?.addEventListener('abort', this.#onShutdown, { once: true });
    if (listen) this.#unlisten = this.#listen(listen, word);
    this.#loop = this.#work();
  }

  stop({ timeoutMs = 30_000 }: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    return (this.#stopped ??= this.#stop(timeoutMs));
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    const { signal } = this.options;
    signal?.removeEventListener('abort', this.#onShutdown);
    this.#shutdown.abort(
      signal?.aborted ? signal.reason : new DOMException('The consumer is stopping', 'AbortError'),
    );
    this.#alarm.ring();
    let cancel: (() => void) | undefined;
    const timeout = new Promise<void>((resolve) => {
      if (timeoutMs <= MAX_TIMER_MS)
        cancel = this.#clock.setTimer(Math.max(0, Math.ceil(timeoutMs)), resolve, false);
    });
    await Promise.race([this.#idle(), timeout]);
    cancel?.();
    this.#isAbandoned = true;
    for (const lease of this.#leases) lease.end();
  }

  readonly #onShutdown = (): void => void this.stop();

  /** Resolves when nothing is going on any more. */
  async #idle(): Promise<void> {
    await this.#loop;
    await Promise.all(this.#inHand);
    await (
      await this.#unlisten
    )?.();
  }

  async #work(): Promise<void> {
    let isEmpty = false;
    while (!this.#isStopping) {
      this.#alarm.clear();
      const free = this.#concurrency - this.#inHand.size;
      if (free > 0) {
        const found = await this.#claim(free);
        const wasEmpty = isEmpty;
        isEmpty = found === 0;
        // As many as asked for: there may be more.
        if (found === free) continue;
        if (!this.#isStopping) this.#alarm.ring(await this.#nextMs(wasEmpty && isEmpty));
      }
      // With all hands full only the end of an attempt is worth waking up for.
      if (!this.#isStopping) await this.#alarm.wait();
    }
  }

  /** Claims and starts jobs; returns how many. */
  async #claim(free: number): Promise<number> {
    const sentMs = this.#clock.now();
    const { options, queue, name } = this;
    const jobs = await this.#ask<TableJob<Payload>>(
      queue.claim(name, free, options.worker ?? 'consumer', this.#leaseMs),
      // A claim that is under way when we are stopped is waited for: its jobs have to be given back.
      () => this.#isStopping,
    ).catch(this.#none);
    for (const job of jobs) {
      const run = this.#run(job, sentMs)
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          this.#inHand.delete(run);
          if (this.#inHand.size === this.#concurrency - 1) this.#alarm.ring();
        });
      this.#inHand.add(run);
    }
    return jobs.length;
  }

  /** How long there is nothing to be done, as far as the table knows now. */
  async #nextMs(isStuck: boolean): Promise<number> {
    const rows = await this.#ask<{ dueMs: number | null }>(
      this.queue.nextDue(this.name),
      () => this.#isStopping,
    ).catch(this.#none);
    const dueMs = rows[0]?.dueMs ?? this.#pollMs;
    // What has come due since the claim is claimed at once; what was due before and could not be claimed is locked.
    return Math.min(dueMs === 0 && isStuck ? LOCKED_MS : dueMs, this.#pollMs);
  }

  async #run(job: TableJob<Payload>, sentMs: number): Promise<void> {
    const lease = new Lease(
      job.id,
      async (isOver) => {
        const rows = await this.#ask(this.queue.heartbeat(job, this.#leaseMs), isOver);
        return rows.length > 0;
      },
      (error) => this.#failed(error),
      this.#leaseMs,
      this.#clock,
      sentMs,
    );
    this.#leases.add(lease);
    const claimedMs = this.#clock.now();
    const run: AttemptRun<TableJob<Payload>> = {
      policy: this.policy,
      handler: this.handler,
      job,
      queue: this.name,
      id: job.id,
      attempt: job.attempt,
      elapsedMs: () => job.elapsedMs + (this.#clock.now() - claimedMs),
      options: { ...this.options, signal: this.#shutdown.signal },
      hostSignal: lease.signal,
      // What a handler says that was told it has lost its job is no failure of the job.
      passThrough: () => lease.signal.aborted,
    };
    try {
      const reason = stalledReason(run);
      if (reason) await this.#settleBy(this.queue.bury(job, reason, NOT_RUN));
      else await this.#settle(run, await runAttempt(run));
    } catch (error) {
      if (!lease.signal.aborted) throw error;
    } finally {
      lease.end();
      this.#leases.delete(lease);
    }
  }

  async #settle(run: AttemptRun<TableJob<Payload>>, outcome: Outcome): Promise<void> {
    if (this.#isAbandoned) return;
    const { queue } = this;
    const { job } = run;
    switch (outcome.kind) {
      case 'done':
        return this.#complete(run, outcome.record);
      case 'retry':
        await this.#settleBy(queue.retry(job, outcome.delayMs, outcome.record));
        // Nobody else can tell us that it will be due.
        this.#alarm.ring(outcome.delayMs);
        return;
      case 'dead':
        await this.#settleBy(queue.bury(job, outcome.reason, outcome.record));
        return;
      case 'released':
        await this.#settleBy(queue.release(job));
    }
  }

  /** A success that the server will not record (a trigger of yours, say) is run again if attempts are left. */
  async #complete(run: AttemptRun<TableJob<Payload>>, record: HistoryRow): Promise<void> {
    const { queue } = this;
    const { job, policy, attempt } = run;
    try {
      await this.#settleBy(queue.complete(job, record));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#failed(error);
      const next = decide(policy, { verdict: 'retry', attempt, elapsedMs: run.elapsedMs() }, randomOf(run));
      if (!next.retry) await this.#settleBy(queue.bury(job, 'stalled', record));
      else {
        await this.#settleBy(queue.retry(job, next.delayMs, record));
        this.#alarm.ring(next.delayMs);
      }
    }
  }

  /** Settles a job. One that is not changed by it is somebody else's by now, or the handler has settled it itself. */
  async #settleBy(statement: Statement): Promise<void> {
    await this.#ask(statement, () => this.#isAbandoned);
  }

  #ask<Row>(statement: Statement, isOver: () => boolean): Promise<Row[]> {
    return ask<Row>(this.client, statement, {
      onError: (error) => this.#tell(error),
      isOver,
      clock: this.#clock,
    });
  }

  readonly #none = (error: unknown): never[] => {
    this.#failed(error);
    return [];
  };

  async #listen(listen: Listen, word: string): Promise<(() => unknown) | undefined> {
    try {
      const unlisten = await listen(CHANNEL, (payload) => {
        if (payload === word) this.#alarm.ring();
      });
      // What was added before we listened.
      this.#alarm.ring();
      return unlisten;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** A statement has failed for good. */
  #failed(error: unknown): void {
    if (this.options.onError) this.#tell(error);
    else if (isRefusal(error)) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #tell(error: unknown): void {
    try {
      this.options.onError?.(error);
    } catch (thrown) {
      // A watcher must not change what becomes of a job; but what it throws is not for us to swallow.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

function inRange(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= MAX_TIMER_MS) return value;
  throw new RangeError(`${what} is a whole number from 1 to 2^31 - 1, got ${String(value)}`);
}
