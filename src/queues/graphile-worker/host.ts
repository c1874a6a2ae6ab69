// The little this adapter needs of graphile-worker 0.18, described here so that nothing of it is imported. A type test
// proves that the real one fits.

/** A claimed job. */
export interface GraphileJob<Payload = any> {
  readonly id: string;
  readonly payload: Payload;
  readonly task_identifier: string;
  /** Rises at every claim, those after a crash included. */
  readonly attempts: number;
  /** Set by this adapter, so that graphile-worker tells its own listeners (`job:failed`) the truth. */
  max_attempts: number;
  readonly run_at: Date;
  /** Stays when the job is replaced through its key, although its attempts count from 1 again. */
  readonly created_at: Date;
  /** When it was claimed. */
  readonly locked_at: Date | null;
  /** The worker pool that has the job. */
  readonly locked_by: string | null;
}

/** The second argument of a graphile-worker task. */
export interface GraphileHelpers {
  readonly job: GraphileJob;
  query(text: string, values?: unknown[]): Promise<{ rows: any[] }>;
  /** Aborted by graphile-worker some time after a graceful shutdown has begun (5 s, unless told otherwise). */
  readonly abortSignal: AbortSignal;
}

/** A graphile-worker task. */
export type GraphileTask<Helpers extends GraphileHelpers = GraphileHelpers> = (
  payload: any,
  helpers: Helpers,
) => Promise<void>;

/** A `pg` pool or client, or anything else that runs a statement. */
export interface SqlClient {
  query(text: string, values?: any[]): Promise<{ rows: any[] }>;
}

/** The event emitter given to `run({ events })`, or `runner.events`. */
export interface GraphileEvents {
  on(event: string, listener: (event: any) => void): unknown;
  off(event: string, listener: (event: any) => void): unknown;
}
