import { quoteIdentifier } from '../identifier.js';
import type { BossJob } from './host.js';
import { HEADROOM } from './queue-options.js';

// The one statement on a table that pg-boss calls its own. A contract test watches it.

/** Whether pg-boss would end or delay this job by itself, because it was sent with retry options of its own. */
export const hasOwnLimits = (job: BossJob): boolean =>
  job.retryLimit < HEADROOM || job.retryDelay > 0 || job.retryBackoff;

/**
 * Takes the retry options of claimed jobs away, for good. Without it, a job sent with `retryLimit: 0` is dead to pg-boss
 * at its first failure, and one whose worker dies is, whatever the policy says. Fenced by the claim, like every settle.
 */
export const takeLimits = (schema: string): string => `
update ${quoteIdentifier(schema)}.job set retry_limit = ${HEADROOM}, retry_delay = 0, retry_backoff = false
where name = $1 and id = any($2::uuid[]) and state = 'active'
  and id::text || ':' || retry_count::text = any($3::text[])`;

/** The values of `takeLimits`. */
export const takeLimitsValues = (queue: string, jobs: readonly BossJob[]): unknown[] => [
  queue,
  jobs.map(({ id }) => id),
  jobs.map(({ id, retryCount }) => `${id}:${retryCount}`),
];
