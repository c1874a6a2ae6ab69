import type { HistoryRow } from '../types.js';

/** What a statement needs to know of a claimed job. */
export interface Claimed {
  readonly id: string;
  readonly fence: number;
}

/** A claimed job, as `claim` returns it and a handler gets it. */
export interface TableJob<Payload = unknown> extends Claimed {
  readonly queue: string;
  readonly payload: Payload;
  /** From 1. */
  readonly attempt: number;
  /** Rises at every claim and never falls: all that is done to the job under an older one changes nothing. */
  readonly fence: number;
  /** The attempts that have ended, oldest first. */
  readonly history: readonly TableHistoryRow[];
  /** Milliseconds since the job was first due, on the database clock, at the time of the claim. */
  readonly elapsedMs: number;
}

/** One attempt, with what the table adds. `startedAtMs` and `settledAtMs` are epoch milliseconds on the database clock. */
export interface TableHistoryRow extends HistoryRow {
  readonly fence: number;
  /** Who claimed it. */
  readonly worker?: string | null;
  /** When it was settled; of an attempt that was lost, when the job was taken over. */
  readonly settledAtMs: number;
}

/** What may be told of an attempt when it is settled; all of it ends up in the history. */
export interface AttemptNote {
  /** What was thrown, whatever it is. */
  readonly error?: unknown;
  /** How long the handler took. */
  readonly durationMs?: number | undefined;
  /** `done` on an attempt that is retried or buried: it succeeded, but that could not be recorded. */
  readonly outcome?: HistoryRow['outcome'] | undefined;
  readonly hookError?: unknown;
}

/** A claim under which nothing was run: for `bury`. */
export const NOT_RUN = 'not-run';
