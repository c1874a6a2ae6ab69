import type { DeadLetters, HistoryRow, QueueOptions } from '../../src/queues/types.js';
import type { RetryPolicy } from '../../src/index.js';
import type { Payload } from './handler.js';

/**
 * A queue under test: what the conformance suite (`conformance.ts`) needs to know about a host and its adapter, and no
 * more. A subject is written in a file of its own, without vitest, because worker processes load it too.
 */
export interface Subject {
  /** As in `subjects.ts`, which worker processes look it up in: `bullmq on redis`. */
  readonly name: string;
  readonly server: 'redis' | 'postgres';
  /** Shortest time after which the host takes a job from a dead or frozen worker, whatever `leaseMs` asks for. */
  readonly takeOverMs: number;
  /** The host removes a job as soon as it is done: then one that the store does not know is done, if a handler succeeded with it. */
  readonly forgetsDone?: boolean;
  /** What the host cannot do, and why; the suite then expects (and shows) the documented exception instead. */
  readonly exceptions?: {
    /** A stale worker's success overwrites a newer attempt (graphile-worker). */
    readonly unfencedCompletion?: string;
  };
  /** Opens a queue of that name, in an empty database if the server is Postgres. Many may be open on one server. */
  open(url: string, queue: string): Promise<OpenQueue>;
}

export interface OpenQueue {
  /** Creates what the host needs before enqueue and work: tables, queues. Called once for each name and policy, in the parent only. */
  prepare(policy: RetryPolicy): Promise<void>;
  /** Adds jobs and gives their ids. `hostOptions`: with retry options of the host's own that contradict the policy. */
  enqueue(payloads: readonly Payload[], hostOptions?: boolean): Promise<string[]>;
  /** Starts a worker in this process, with `handler` from `handler.ts` unless told otherwise. */
  work(options: WorkOptions): Promise<RunningWorker>;
  /** Every job the store knows, by id, in one look or in an order that misses no job that moves meanwhile. */
  views(): Promise<Map<string, JobView>>;
  /** The history of a job that is done or on its way, as far as the host keeps it then. */
  history(id: string): Promise<readonly HistoryRow[]>;
  readonly deadLetters: DeadLetters;
  /** What else must be true of the store once jobs have been killed and all are done or dead. Rejects if it is not. */
  audit?(): Promise<void>;
  close(): Promise<void>;
}

export interface WorkOptions extends QueueOptions<HostJob> {
  readonly policy: RetryPolicy;
  readonly handler: (
    payload: Payload,
    context: { attempt: number; signal: AbortSignal },
    id: string,
  ) => unknown;
  readonly concurrency: number;
  /** How long a worker may be silent before its jobs are taken over; the host's minimum where that is higher. */
  readonly leaseMs: number;
  readonly fault?: Fault | undefined;
}

/**
 * Trouble to be made at a place only the subject can reach, once per worker:
 * `die-after-dead-letter` kills the process (SIGKILL) after a dead letter was written and before the failure is settled,
 * where the host does both at once, right after it; `settle-error` makes the settling of the first success fail.
 */
export type Fault = 'die-after-dead-letter' | 'settle-error';

/** What `onAttempt` and `random` may read of a host's job. */
export interface HostJob {
  readonly id?: string | undefined;
}

export interface RunningWorker {
  /** Stops taking jobs and waits for those in hand. */
  close(): Promise<void>;
}

export interface JobView {
  readonly state: 'ready' | 'delayed' | 'running' | 'done' | 'dead';
  /** When it is due, epoch ms, as the store has it; for `delayed`. */
  readonly dueAtMs?: number;
  /** The delay that was stored for the coming attempt, on the store's clock; for `delayed`. */
  readonly delayMs?: number;
}
