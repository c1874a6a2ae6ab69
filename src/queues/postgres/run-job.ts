import { decide, type RetryPolicy } from '../../index.js';
import type { Clock } from '../../internal.js';
import { type AttemptRun, type Outcome, runAttempt } from '../attempt.js';
import { randomOf } from '../run.js';
import { isRefusal, waitOut } from '../persist.js';
import { type Before, takeOver } from '../take-over.js';
import type { Handler, HistoryRow, QueueOptions } from '../types.js';
import type { SqlClient, Statement } from './client.js';
import { Lease } from './lease.js';
import { NOT_RUN, type TableJob } from './job.js';
import type { TableQueue } from './table-queue.js';
import type { Trouble } from './trouble.js';

/** All that the jobs of one consumer have in common. */
export interface Workplace<Payload> {
  readonly client: SqlClient;
  readonly queue: TableQueue;
  readonly name: string;
  readonly policy: RetryPolicy;
  readonly handler: Handler<TableJob<Payload>>;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly trouble: Trouble;
  /** With the consumer's own signal for shutdown. */
  readonly options: QueueOptions<TableJob<Payload>>;
  /** Called when a job has been made due again, so many milliseconds from now. */
  readonly onRetry: (delayMs: number) => void;
}

/** Runs claimed jobs, one attempt each, and settles them. */
export class JobRunner<Payload> {
  readonly #leases = new Set<Lease>();
  #isAbandoned = false;

  constructor(private readonly place: Workplace<Payload>) {}

  /** Nobody waits for us any more: whatever handlers come to changes nothing, and their jobs are left to their leases. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const lease of this.#leases) lease.end();
  }

  /** Runs and settles a job. `sentMs` is when its claim was sent off. Never rejects. */
  async run(job: TableJob<Payload>, sentMs: number): Promise<void> {
    const { policy, handler, name, options, clock, queue, trouble } = this.place;
    const lease = this.#leaseOf(job, sentMs);
    const claimedMs = clock.now();
    const run: AttemptRun<TableJob<Payload>> = {
      policy,
      handler,
      job,
      queue: name,
      id: job.id,
      attempt: job.attempt,
      elapsedMs: () => job.elapsedMs + (clock.now() - claimedMs),
      options,
      hostSignal: lease.signal,
      // What a handler says that was told it has lost its job is no failure of the job.
      passThrough: () => lease.signal.aborted,
    };
    try {
      const { over, hookErrors } = await takeOver(run, before(job));
      for (const [attempt, error] of hookErrors) {
        // A history is not worth a job: a refusal changes nothing.
        await this.#write(queue.keepHookError(job, attempt, error)).catch(trouble.final);
      }
      if (over) await this.#write(queue.bury(job, over, NOT_RUN));
      else await this.#settle(run, await runAttempt(run));
    } catch (error) {
      if (!lease.signal.aborted) trouble.final(error);
    } finally {
      lease.end();
      this.#leases.delete(lease);
    }
  }

  #leaseOf(job: TableJob<Payload>, sentMs: number): Lease {
    const { client, queue, leaseMs, clock, trouble } = this.place;
    const { text, values } = queue.heartbeat(job, leaseMs);
    const beat = async (isOver: () => boolean): Promise<boolean> => {
      const patience = { isOver, onError: trouble.passing, clock };
      const { rows } = await waitOut(() => client.query(text, values), patience);
      return rows.length > 0;
    };
    const lease = new Lease(job.id, beat, trouble.final, leaseMs, clock, sentMs);
    this.#leases.add(lease);
    return lease;
  }

  async #settle(run: AttemptRun<TableJob<Payload>>, outcome: Outcome): Promise<void> {
    if (this.#isAbandoned) return;
    const { queue } = this.place;
    const { job } = run;
    switch (outcome.kind) {
      case 'done':
        return this.#complete(run, outcome.record);
      case 'retry':
        return this.#retry(job, outcome.delayMs, outcome.record);
      case 'dead':
        return this.#write(queue.bury(job, outcome.reason, outcome.record));
      case 'released':
        return this.#write(queue.release(job));
    }
  }

  /** A success that the server will not record (a trigger of yours, say) is run again if attempts are left. */
  async #complete(run: AttemptRun<TableJob<Payload>>, record: HistoryRow): Promise<void> {
    const { queue, trouble } = this.place;
    const { job, policy, attempt } = run;
    try {
      await this.#write(queue.complete(job, record));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      trouble.final(error);
      const next = decide(policy, { verdict: 'retry', attempt, elapsedMs: run.elapsedMs() }, randomOf(run));
      if (next.retry) await this.#retry(job, next.delayMs, record);
      else await this.#write(queue.bury(job, 'stalled', record));
    }
  }

  async #retry(job: TableJob<Payload>, delayMs: number, record: HistoryRow): Promise<void> {
    await this.#write(this.place.queue.retry(job, delayMs, record));
    // Nobody else would tell the consumer.
    this.place.onRetry(delayMs);
  }

  /** A job that is not changed by it is somebody else's by now, or the handler has settled it itself: nothing to be done. */
  async #write({ text, values }: Statement): Promise<void> {
    const { client, trouble, clock } = this.place;
    await waitOut(() => client.query(text, values), {
      isOver: () => this.#isAbandoned,
      onError: trouble.passing,
      clock,
    });
  }
}

/** What the history says about the attempt before. A claim that took a lost job over has the next fence. */
function before({ attempt, fence, history }: TableJob): Before {
  const last = history.at(-1);
  return {
    isDecided: last?.attempt === attempt - 1 && last.outcome === 'retry',
    lost: last?.outcome === 'stalled' && last.fence === fence - 1 ? 1 : 0,
  };
}
