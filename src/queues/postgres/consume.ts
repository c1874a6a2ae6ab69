import type { PolicySpec } from '../../index.js';
import { type Clock, MAX_TIMER_MS, resolvePolicy, systemClock, watch } from '../../internal.js';
import { checkHandler, type Known, optionsOf, QUEUE_OPTIONS } from '../options.js';
import { waitOut } from '../persist.js';
import { patienceOf, type StopOptions, within } from '../stop.js';
import type { Handler, QueueOptions } from '../types.js';
import { Alarm } from './alarm.js';
import type { SqlClient, Statement } from './client.js';
import { JobRunner } from './run-job.js';
import type { TableJob } from './job.js';
import { CHANNEL } from './sql.js';
import type { TableQueue } from './table-queue.js';
import { Trouble } from './trouble.js';

/** Starts to LISTEN on a channel, on a session of its own; resolves with what ends it. PGlite's `listen` is one. */
export type Listen = (channel: string, onNotify: (payload: string) => void) => Promise<() => unknown>;

export interface ConsumeOptions<Payload = unknown> extends QueueOptions<TableJob<Payload>> {
  /** Most jobs in hand at once, >= 1. Default 10. */
  readonly concurrency?: number | null | undefined;
  /**
   * How long a claim lasts without a heartbeat (one is sent each third of it), in milliseconds, >= 1. It is how long
   * the jobs of a process that died wait. Default 30 000.
   */
  readonly leaseMs?: number | null | undefined;
  /**
   * The longest time between two looks at the table, in milliseconds, >= 1. Only jobs added elsewhere wait for it, and
   * with `listen` not even they. Default 1 000.
   */
  readonly pollMs?: number | null | undefined;
  /** Where notifications can be had; without it new jobs are found by looking. */
  readonly listen?: Listen | null | undefined;
  /** A name for people to read in the column `worker`. Default `consumer`. */
  readonly worker?: string | null | undefined;
  /**
   * Told of every statement that failed, and of every lease that has run out. While the server is away that is all that
   * happens: it is asked again until it is back. Default: none, and an outage passes in silence; a statement the server
   * *refuses* (no such table, say) is thrown as an uncaught error, as an `error` event that nobody listens to would be.
   */
  readonly onError?: ((error: unknown) => void) | null | undefined;
}

const OPTIONS: Known<ConsumeOptions> = {
  ...QUEUE_OPTIONS,
  concurrency: '',
  leaseMs: '',
  pollMs: '',
  listen: 'function',
  worker: '',
  onError: 'function',
};

/** A consumer at work. */
export interface Consumer {
  /**
   * Claims no more, aborts the signals of all handlers, and waits for them, `timeoutMs` at the most (0 … Infinity,
   * default 30 000). A handler that succeeds in spite of it has its job completed; one that rejects has it released, the
   * attempt not counted. The job of one that is still running after that keeps its attempt, and is taken over when its
   * lease has run out; whatever becomes of the handler changes nothing. Never rejects; further calls wait for the first.
   *
   * @throws RangeError at once, for a `timeoutMs` that is none, TypeError for another option.
   */
  stop(options?: StopOptions | null): Promise<void>;
}

/** How long to wait when all that is due is locked by somebody else's claim. */
const LOCKED_MS = 25;

/**
 * Works off one queue of a table: claims what is due, calls the handler, and settles each attempt as the policy decides.
 *
 * The job runs at least once; each attempt is recorded exactly once. For exactly once, let the handler run
 * `queue.complete(job)` in the transaction of its own writes: they commit together, or not at all.
 *
 * @throws TypeError if the policy or the handler is none, or for an option there is not; RangeError for one out of range.
 */
export function consume<Payload = unknown>(
  client: SqlClient,
  queue: TableQueue,
  name: string,
  policy: PolicySpec,
  handler: Handler<TableJob<Payload>>,
  given?: ConsumeOptions<Payload> | null,
): Consumer {
  const options = optionsOf('consume', given, OPTIONS);
  checkHandler(handler);
  const { concurrency = 10, leaseMs = 30_000, pollMs = 1_000, clock = systemClock } = options;
  checkRange({ concurrency, leaseMs, pollMs });
  const alarm = new Alarm(clock);
  const shutdown = new AbortController();
  const trouble = new Trouble(options.onError);
  const runner = new JobRunner({
    client,
    queue,
    name,
    policy: resolvePolicy(policy),
    handler,
    leaseMs,
    clock,
    trouble,
    options: { ...options, signal: shutdown.signal },
    onRetry: (delayMs) => alarm.ring(delayMs),
  });
  const source: Source = {
    client,
    claim: (free) => queue.claim(name, free, options.worker ?? 'consumer', leaseMs),
    nextDue: queue.nextDue(name),
    wakeWord: queue.wakeWord(name),
    concurrency,
    pollMs,
    listen: options.listen,
    signal: options.signal,
  };
  return new TableConsumer(source, runner, alarm, trouble, shutdown, clock);
}

/** Where jobs come from. */
interface Source {
  readonly client: SqlClient;
  readonly claim: (limit: number) => Statement;
  readonly nextDue: Statement;
  readonly wakeWord: string;
  readonly concurrency: number;
  readonly pollMs: number;
  readonly listen: Listen | undefined;
  readonly signal: AbortSignal | undefined;
}

class TableConsumer<Payload> implements Consumer {
  readonly #inHand = new Set<Promise<void>>();
  readonly #loop: Promise<void> | undefined;
  readonly #unlisten: Promise<(() => unknown) | undefined> | undefined;
  #unwatch: (() => void) | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(
    private readonly source: Source,
    private readonly runner: JobRunner<Payload>,
    private readonly alarm: Alarm,
    private readonly trouble: Trouble,
    private readonly shutdown: AbortController,
    private readonly clock: Clock,
  ) {
    const { signal, listen } = source;
    if (signal?.aborted) {
      void this.stop();
      return;
    }
    if (signal) this.#unwatch = watch(signal, () => void this.stop());
    if (listen) this.#unlisten = this.#listen(listen);
    this.#loop = this.#work();
  }

  stop(options?: StopOptions | null): Promise<void> {
    const timeoutMs = patienceOf(options);
    return (this.#stopped ??= this.#stop(timeoutMs));
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { signal } = this.source;
    this.#isStopping = true;
    this.#unwatch?.();
    this.shutdown.abort(
      signal?.aborted ? signal.reason : new DOMException('The consumer is stopping', 'AbortError'),
    );
    this.alarm.ring();
    await within(timeoutMs, this.#idle(), this.clock);
    this.runner.abandon();
  }

  /** Resolves when nothing is going on any more. */
  async #idle(): Promise<void> {
    await this.#loop;
    await Promise.all(this.#inHand);
    try {
      const unlisten = await this.#unlisten;
      await unlisten?.();
    } catch (error) {
      this.trouble.final(error);
    }
  }

  async #work(): Promise<void> {
    const { concurrency } = this.source;
    let isEmpty = false;
    while (!this.#isStopping) {
      this.alarm.clear();
      const free = concurrency - this.#inHand.size;
      if (free > 0) {
        const found = await this.#claim(free);
        const wasEmpty = isEmpty;
        isEmpty = found === 0;
        // As many as asked for: there may be more.
        if (found === free) continue;
        if (!this.#isStopping) this.alarm.ring(await this.#nextMs(wasEmpty && isEmpty));
      }
      // With all hands full only the end of an attempt is worth waking up for.
      if (!this.#isStopping) await this.alarm.wait();
    }
  }

  /** Claims and starts jobs; returns how many. A claim that is under way at a stop is waited for: its jobs are given back. */
  async #claim(free: number): Promise<number> {
    const sentMs = this.clock.now();
    const jobs = await this.#rowsOf<TableJob<Payload>>(this.source.claim(free));
    for (const job of jobs) {
      const run = this.runner.run(job, sentMs).finally(() => {
        this.#inHand.delete(run);
        if (this.#inHand.size === this.source.concurrency - 1) this.alarm.ring();
      });
      this.#inHand.add(run);
    }
    return jobs.length;
  }

  /** How long there is nothing to be done, as far as the table knows now. */
  async #nextMs(isStuck: boolean): Promise<number> {
    const { nextDue, pollMs } = this.source;
    const [next] = await this.#rowsOf<{ dueMs: number | null }>(nextDue);
    const dueMs = next?.dueMs ?? pollMs;
    // What has come due since the claim is claimed at once; what was due before and could not be claimed is locked.
    return Math.min(dueMs === 0 && isStuck ? LOCKED_MS : dueMs, pollMs);
  }

  /** What a statement returns, however long the server is away; nothing if it is refused, or we are stopped meanwhile. */
  async #rowsOf<Row>({ text, values }: Statement): Promise<Row[]> {
    const { passing, final } = this.trouble;
    try {
      const { rows } = await waitOut(() => this.source.client.query(text, values), {
        isOver: () => this.#isStopping,
        onError: passing,
        clock: this.clock,
      });
      return rows;
    } catch (error) {
      final(error);
      return [];
    }
  }

  async #listen(listen: Listen): Promise<(() => unknown) | undefined> {
    try {
      const unlisten = await listen(CHANNEL, (payload) => {
        if (payload === this.source.wakeWord) this.alarm.ring();
      });
      // What was added before we listened.
      this.alarm.ring();
      return unlisten;
    } catch (error) {
      this.trouble.final(error);
      return undefined;
    }
  }
}

function checkRange(options: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(options)) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= MAX_TIMER_MS) continue;
    throw new RangeError(`${what} is a whole number from 1 to 2^31 - 1, got ${String(value)}`);
  }
}
