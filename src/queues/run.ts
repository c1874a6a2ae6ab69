import { type Random, type RetryPolicy, seeded } from '../index.js';
import type { QueueOptions } from './types.js';

/** What every host has in common: whose policy, whose job, which attempt. */
export interface Run<Job> {
  readonly policy: RetryPolicy;
  readonly job: Job;
  readonly queue: string;
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  /** Milliseconds since the job was first due, on the store's clock; asked before the attempt and at the decision. */
  readonly elapsedMs: () => number;
  readonly options: QueueOptions<Job>;
}

/** The draws of a job: the caller's stream, or one that can be computed again anywhere from queue and id. */
export const randomOf = <Job>({ options, job, queue, id }: Run<Job>): Random =>
  options.random?.(job) ?? seeded(`${queue}:${id}`);
