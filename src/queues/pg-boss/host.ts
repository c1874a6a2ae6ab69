// The little this adapter needs of pg-boss 12, described here so that nothing of it is imported. A type test proves that
// the real one fits.

/** A claimed job as pg-boss hands it to a worker that asked for metadata. */
export interface BossJob<Data = any> {
  readonly id: string;
  readonly name: string;
  readonly data: Data;
  /** Rises at every claim after the first, those after a crash included. */
  readonly retryCount: number;
  readonly retryLimit: number;
  readonly retryDelay: number;
  readonly retryBackoff: boolean;
  readonly startAfter: Date;
  readonly createdOn: Date;
  /** What the attempt before left. */
  readonly output: object | null;
  /** Aborted when the job has expired, or when its heartbeat found the claim gone. */
  readonly signal: AbortSignal;
}

/** A job of a dead letter queue. */
export interface DeadBossJob {
  readonly id: string;
  readonly data: any;
  readonly createdOn: Date;
  readonly sourceName: string | null;
  readonly sourceId: string | null;
  readonly sourceRetryCount: number | null;
  readonly sourceOutput: object | null;
}

/** What pg-boss is told about one job of a batch. A job left out is failed, unless it is no longer active. */
export interface JobResult {
  id: string;
  status: 'completed' | 'failed' | 'deadletter';
  output?: any;
}

export interface BossDb {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: any[] }>;
  beginTransaction?(): Promise<BossTransaction>;
}

export interface BossTransaction {
  readonly db: any;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** One claim of a job: pg-boss ignores what is said about it once the job has been claimed again. */
export interface BossClaim {
  id: string;
  retryCount: number;
}

/** `PgBoss`, as far as this adapter knows it. */
export interface Boss {
  work(
    name: string,
    options: BossWorkOptions & { perJobResults: true; includeMetadata: true },
    handler: (jobs: any) => Promise<JobResult[]>,
  ): Promise<string>;
  offWork(name: string, options?: { id?: string; wait?: boolean }): Promise<void>;
  notifyWorker(workerId: string): void;
  getWipData(): readonly { id: string; workId: string; count: number }[];
  getQueue(
    name: string,
  ): Promise<{ retryLimit?: number | undefined; expireInSeconds?: number | undefined } | null>;
  fail(name: string, claim: BossClaim, data?: object | null, options?: { db?: any }): Promise<object>;
  cancel(name: string, claim: BossClaim): Promise<object>;
  update(request: {
    name: string;
    options?: { id?: string; startAfter?: number | string; db?: any };
  }): Promise<{ updated: number }>;
  getDb(): BossDb;
}

/** What operating a dead letter queue takes. */
export interface DeadBoss {
  findJobs(
    name: string,
    options?: { queued?: boolean; limit?: number; after?: string },
  ): Promise<DeadBossJob[]>;
  redrive(name: string, options?: { ids?: string[] }): Promise<number>;
  deleteJob(name: string, ids: string[]): Promise<object>;
  getDb(): BossDb;
}

/** The options of `boss.work` that are the caller's to choose; their meanings and defaults are pg-boss's. */
export interface BossWorkOptions {
  batchSize?: number;
  localConcurrency?: number;
  pollingIntervalSeconds?: number;
  notifyPollingIntervalSeconds?: number;
  burstWhenBatchFull?: boolean;
  burstWhenReadyExceeds?: number;
  groupConcurrency?: number;
  localGroupConcurrency?: number;
  heartbeatRefreshSeconds?: number;
  minPriority?: number;
  maxPriority?: number;
}
