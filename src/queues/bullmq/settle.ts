import type { BullJob } from './host.js';

// BullMQ reads `opts.attempts` and `opts.backoff` of the job in memory when its processor rejects, and writes neither
// back: so they are how a processor tells it, once, what shall follow. Not documented, and watched by contract tests.

/** If this run ends with an error, there is another attempt after exactly this delay, in whole milliseconds. */
export function retryAfter(job: BullJob, delayMs: number): void {
  // One more than BullMQ will have counted by then, whatever the enqueue said.
  job.opts.attempts = job.attemptsMade + 2;
  job.opts.backoff = { type: 'fixed', delay: delayMs };
}

/** If this run ends with an error, the job has failed for good, with that error. */
export function giveUp(job: BullJob): void {
  job.opts.attempts = 0;
}
