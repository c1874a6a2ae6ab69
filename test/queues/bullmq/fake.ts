import type {
  BullDeadQueue,
  BullEntry,
  BullJob,
  BullJobOptions,
  BullQueue,
} from '../../../src/queues/bullmq/index.js';

/** A job as BullMQ hands it to a processor, and everything that was done to it. */
export class FakeJob implements BullJob {
  readonly id: string = '7';
  readonly name: string = 'welcome';
  readonly data: unknown = { to: 'ada' };
  readonly queueName: string = 'mail';
  readonly timestamp: number = 0;
  readonly logs: string[] = [];
  readonly calls: string[] = [];
  /** What `extendLock` says: whether the lock is still ours. */
  isLocked = true;

  constructor(
    readonly attemptsMade = 0,
    readonly stalledCounter = 0,
    readonly opts: BullJobOptions = {},
  ) {}

  async log(row: string): Promise<void> {
    this.logs.push(row);
  }

  async moveToWait(token?: string): Promise<void> {
    this.calls.push(`moveToWait ${token}`);
  }

  async extendLock(): Promise<number> {
    return this.isLocked ? 1 : 0;
  }
}

/** What BullMQ would do with the job if its processor rejected now, as `job.shouldRetryJob` reads it. */
export function fate({ attemptsMade, opts }: BullJob): number | 'failed' {
  const { attempts = 1, backoff } = opts;
  if (attemptsMade + 1 >= attempts) return 'failed';
  return typeof backoff === 'object' && backoff.type === 'fixed' ? (backoff.delay ?? 0) : NaN;
}

/** A queue that keeps its entries in the order they came, one for each id. */
export class FakeQueue implements BullDeadQueue, BullQueue {
  readonly entries = new Map<string, { name: string; data: any }>();
  readonly limits: number[] = [];
  /** Throws instead of adding. */
  trouble: Error | undefined;

  constructor(
    readonly name = 'mail-dead',
    readonly opts: object = {},
    private readonly logs: readonly string[] = [],
  ) {}

  async add(name: string, data: unknown, { jobId }: { jobId: string }): Promise<void> {
    if (this.trouble) throw this.trouble;
    if (!this.entries.has(jobId)) this.entries.set(jobId, { name, data: structuredClone(data) });
  }

  async getJob(id: string): Promise<BullEntry | undefined> {
    const entry = this.entries.get(id);
    return entry && { id, data: entry.data, remove: async () => this.entries.delete(id) };
  }

  async getJobs(types: string[], start = 0, end = -1, ascending = false): Promise<(BullEntry | undefined)[]> {
    if (types.join(',') !== 'waiting' || !ascending) throw new Error('Asked for something else');
    const ids = [...this.entries.keys()].slice(start, end + 1);
    return Promise.all(ids.map((id) => this.getJob(id)));
  }

  async getJobLogs(): Promise<{ logs: string[] }> {
    return { logs: [...this.logs] };
  }

  async rateLimit(ms: number): Promise<void> {
    this.limits.push(ms);
  }
}
