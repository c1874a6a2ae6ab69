/**
 * What this adapter needs of BullMQ, described here so that nothing of it is imported: `Job`, `Queue` and `Worker` of
 * BullMQ 6 and of the newest 5 fit, on Redis and on Postgres (a type test says so).
 */
export interface BullJob {
  readonly id?: string | undefined;
  readonly name: string;
  readonly data: any;
  readonly queueName: string;
  /** Attempts that were settled: crashes and releases are not among them. */
  readonly attemptsMade: number;
  /** How often a worker lost the job without settling it. */
  readonly stalledCounter: number;
  /** Epoch ms of the enqueue, on the clock of the process that did it. */
  readonly timestamp: number;
  readonly opts: BullJobOptions;
  /** The message of the last failure that was settled. */
  readonly failedReason?: string | undefined;
  /** Of the failures that were settled. BullMQ adds one to the array in memory, and stores that array. */
  stacktrace?: string[] | null;
  log(row: string): Promise<unknown>;
  moveToWait(token?: string): Promise<unknown>;
  extendLock(token: string, durationMs: number): Promise<unknown>;
}

/** What BullMQ reads of a job when its processor rejects: from the object in memory, not from the store. */
export interface BullJobOptions {
  attempts?: number | undefined;
  backoff?: number | { type: string; delay?: number; jitter?: number } | undefined;
  readonly delay?: number | undefined;
  readonly keepLogs?: number | undefined;
}

/** The queue that dead letters are added to. */
export interface BullDeadQueue {
  add(name: any, data: any, options?: any): Promise<unknown>;
  getJob(id: string): Promise<{ readonly data: any } | null | undefined>;
}

/** The job's own queue, for what a job alone cannot do. */
export interface BullQueue {
  getJobLogs(id: string, start?: number, end?: number, ascending?: boolean): Promise<{ logs: string[] }>;
  rateLimit(ms: number): Promise<unknown>;
}

/** An entry of the dead-letter queue, as `deadLetters` reads it. */
export interface BullEntry {
  readonly id?: string | undefined;
  readonly data: any;
  remove(): Promise<unknown>;
}

/** The dead-letter queue, as `deadLetters` uses it. */
export interface BullDeadLetterQueue extends Omit<BullDeadQueue, 'getJob'> {
  readonly opts: any;
  getJob(id: string): Promise<BullEntry | undefined>;
  getJobs(types: any, start?: number, end?: number, ascending?: boolean): Promise<(BullEntry | undefined)[]>;
  getJobCountByTypes(...types: any[]): Promise<number>;
  getJobLogs(id: string): Promise<{ logs: string[] }>;
  addJobLog(id: string, row: string): Promise<unknown>;
}
