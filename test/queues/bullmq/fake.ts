import type {
  BullDeadLetterQueue,
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
  logs: string[] = [];
  stacktrace: string[] | null = null;
  readonly calls: string[] = [];
  /** What `extendLock` says: whether the lock is still ours. */
  isLocked = true;

  constructor(
    readonly attemptsMade = 0,
    readonly stalledCounter = 0,
    readonly opts: BullJobOptions = {},
    /** Why the last attempt that was settled failed. */
    readonly failedReason?: string,
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

interface FakeEntry {
  name: string;
  data: any;
}

/** A queue that keeps its entries in the order they came, one for each id. */
export class FakeQueue implements BullDeadQueue, BullDeadLetterQueue, BullQueue {
  readonly entries = new Map<string, FakeEntry>();
  readonly limits: number[] = [];
  readonly options: object[] = [];
  /** In which state entries are; `waiting` if not told otherwise. */
  readonly states = new Map<string, string>();
  /** Throws instead of adding; so many times, or always. */
  trouble: Error | undefined;
  troubles = Infinity;

  constructor(
    readonly name = 'mail-dead',
    readonly opts: object = {},
    private readonly logs: readonly string[] = [],
  ) {}

  async add(name: string, data: unknown, options: { jobId: string }): Promise<void> {
    if (this.trouble && this.troubles-- > 0) throw this.trouble;
    const { jobId } = options;
    if (jobId.includes(':') && jobId.split(':').length !== 3) throw new Error('Custom Id cannot contain :');
    this.options.push(options);
    if (!this.entries.has(jobId)) this.entries.set(jobId, { name, data: structuredClone(data) });
  }

  async getJob(id: string): Promise<BullEntry | undefined> {
    const entry = this.entries.get(id);
    return (
      entry && {
        id,
        data: entry.data,
        remove: async () => {
          this.entries.delete(id);
          this.entryLogs.delete(id);
        },
      }
    );
  }

  async getJobs(
    [state, ...others]: string[],
    start = 0,
    end = -1,
    ascending = false,
  ): Promise<(BullEntry | undefined)[]> {
    if (others.length > 0 || !ascending) throw new Error('Asked for something else');
    return Promise.all(
      this.in(state)
        .slice(start, end + 1)
        .map((id) => this.getJob(id)),
    );
  }

  async getJobCountByTypes(state: string): Promise<number> {
    return this.in(state).length;
  }

  private in(state: string | undefined): string[] {
    return [...this.entries.keys()].filter((id) => (this.states.get(id) ?? 'waiting') === state);
  }

  private readonly entryLogs = new Map<string, string[]>();

  async addJobLog(id: string, row: string): Promise<number> {
    if (!this.entries.has(id)) throw new Error(`Missing key for job ${id}. addLog`);
    const rows = this.entryLogs.get(id) ?? [];
    this.entryLogs.set(id, rows);
    return rows.push(row);
  }

  async getJobLogs(id: string): Promise<{ logs: string[] }> {
    return { logs: [...(this.entryLogs.get(id) ?? this.logs)] };
  }

  async rateLimit(ms: number): Promise<void> {
    this.limits.push(ms);
  }
}
