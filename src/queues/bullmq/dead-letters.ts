import { platform } from '../../internal.js';
import type { DeadLetters } from '../types.js';
import type { Entry } from './burial.js';
import type { BullDeadLetterQueue } from './host.js';

export interface DeadLettersOptions {
  /** The queue that jobs are put back into. Default: one opened for the purpose beside the dead-letter queue, with its options. */
  readonly queue?: { readonly name: string; add(name: any, data: any, options?: any): Promise<unknown> };
}

/**
 * What an operator does with a dead-letter queue. `redrive` takes the id of the job that died, or that of its entry
 * (needed where the letters of several queues lie in one); the new job is called `redrive-<when the dead
 * one was enqueued, epoch ms>-<id>`.
 */
export function deadLetters<Payload = unknown>(
  dead: BullDeadLetterQueue,
  options: DeadLettersOptions = {},
): DeadLetters<Payload> {
  return {
    async list({ limit = 100, offset = 0 } = {}) {
      if (limit < 1) return [];
      const found = await entries(dead, offset, offset + limit - 1);
      return found.map((entry) => entry.data);
    },

    async redrive(id) {
      const entry = await find(dead, id);
      if (!entry) return false;
      const letter: Entry = entry.data;
      // Added before the letter is removed: a crash between the two leaves both, and the fixed id makes a second
      // redrive add nothing.
      await addTo(options.queue ?? letter.queue, dead, letter);
      await entry.remove();
      return true;
    },

    async purge({ olderThanMs = 0 } = {}) {
      const latestMs = platform.wallNow() - olderThanMs;
      let purged = 0;
      for (let kept = 0; ;) {
        const page = await entries(dead, kept, kept + PAGE - 1);
        const old = page.filter(
          (entry) => olderThanMs <= 0 || (entry.data as Entry).lastFailedAtMs <= latestMs,
        );
        for (const entry of old) await entry.remove();
        purged += old.length;
        kept += page.length - old.length;
        if (page.length < PAGE) return purged;
      }
    },
  };
}

const PAGE = 100;

/** Nobody works on a dead-letter queue, so its entries wait (in a paused one too: BullMQ 5 counts those as waiting). */
async function entries(dead: BullDeadLetterQueue, start: number, end: number) {
  const jobs = await dead.getJobs(['waiting'], start, end, true);
  return jobs.filter((job) => job !== undefined);
}

async function find(dead: BullDeadLetterQueue, id: string) {
  const direct = await dead.getJob(id);
  if (direct) return direct;
  for (let start = 0; ; start += PAGE) {
    const page = await entries(dead, start, start + PAGE - 1);
    const entry = page.find(({ data }) => (data as Entry).id === id);
    if (entry || page.length < PAGE) return entry;
  }
}

async function addTo(
  queue: string | NonNullable<DeadLettersOptions['queue']>,
  dead: BullDeadLetterQueue,
  { id, enqueuedAtMs, name, payload }: Entry,
): Promise<void> {
  const jobOptions = { jobId: redriveId(id, enqueuedAtMs) };
  if (typeof queue !== 'string') {
    await queue.add(name, payload, jobOptions);
    return;
  }
  // The class of the queue at hand is the one for this backend, and its options hold the connection.
  const Queue = dead.constructor as new (
    name: string,
    options: unknown,
  ) => {
    add(name: string, data: unknown, options: object): Promise<unknown>;
    close(): Promise<void>;
  };
  const sibling = new Queue(queue, dead.opts);
  try {
    await sibling.add(name, payload, jobOptions);
  } finally {
    await sibling.close();
  }
}

/** The same for the same death, and never the id of another job, not even of one that is long done: `redrive-1760000000000-42`. */
function redriveId(id: string, enqueuedAtMs: number): string {
  return `redrive-${enqueuedAtMs}-${id.replace(/^redrive-\d+-/, '')}`;
}
