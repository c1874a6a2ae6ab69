/** The id of a job's letter in the dead-letter queue. */
export const letterId = (queue: string, id: string): string => custom(`dead-${queue}-${id}`);

/** The id of a redriven job: the same for the same death, and never that of another job, not even of one that is long done. */
export const redriveId = (id: string, enqueuedAtMs: number): string =>
  custom(`redrive-${enqueuedAtMs}-${id.replace(/^redrive-\d+-/, '')}`);

/**
 * An id that `add` takes. BullMQ gives scheduled jobs ids with as many colons as their scheduler's name has and two more
 * (`repeat:tenant:7:nightly:1760000000000`), and refuses them from anybody else.
 */
const custom = (id: string): string => id.replaceAll(':', '%3A');
