import { systemClock } from '../../internal.js';
import { optionsOf } from '../options.js';
import { ageOf, pageOf } from '../page.js';
import type { DeadLetter, DeadLetters } from '../types.js';
import type { Entry } from './burial.js';
import { claim } from './claim.js';
import type { BullDeadLetterQueue, BullEntry } from './host.js';
import { letterId, redriveId } from './ids.js';
import { letters, removeLetters } from './letters.js';

export interface DeadLettersOptions {
  /**
   * The queue whose letters these are, and that its jobs are put back into, with its own default options. Default: the
   * letters of all queues, each put back into a queue that is opened for the purpose, with the connection of the
   * dead-letter queue and without default options.
   */
  readonly queue?:
    | { readonly name: string; add(name: any, data: any, options?: any): Promise<unknown> }
    | null
    | undefined;
}

/**
 * What an operator does with a dead-letter queue. `redrive` takes the id of the job that died, or that of its entry
 * (needed where the letters of several queues lie in one and no `queue` is given); the new job is called `redrive-<when
 * the dead one was enqueued, epoch ms>-<id>`.
 *
 * @throws TypeError for a name that is no option.
 */
export function deadLetters<Payload = unknown>(
  dead: BullDeadLetterQueue,
  options?: DeadLettersOptions | null,
): DeadLetters<Payload> {
  const { queue } = optionsOf('deadLetters', options, { queue: '' });
  const isOurs = ({ data }: BullEntry): boolean => !queue || data?.queue === queue.name;

  return {
    async list(page) {
      const { limit, offset } = pageOf(page);
      const found: DeadLetter<Payload>[] = [];
      if (limit === 0) return found;
      // Those of one queue among many have to be counted one by one.
      let skip = queue ? offset : 0;
      for await (const entry of queue ? letters(dead) : letters(dead, offset, limit)) {
        if (!isOurs(entry) || skip-- > 0) continue;
        found.push(entry.data);
        if (found.length === limit) break;
      }
      return found;
    },

    async redrive(id) {
      const entry = await find(id);
      const giveBack = entry?.id && (await claim(dead, entry.id, systemClock.wallNow()));
      if (!giveBack) return false;
      const letter: Entry = entry.data;
      try {
        // Added before the letter is removed: a crash between the two leaves both, and the fixed id makes a second
        // redrive add nothing.
        await addTo(queue ?? letter.queue, dead, letter);
        await entry.remove();
      } catch (error) {
        await giveBack();
        throw error;
      }
      return true;
    },

    async purge(age) {
      const ageMs = ageOf(age);
      const latestMs = systemClock.wallNow() - ageMs;
      return removeLetters(
        dead,
        (entry) => isOurs(entry) && (ageMs === 0 || (entry.data as Entry).lastFailedAtMs <= latestMs),
      );
    },
  };

  async function find(id: string): Promise<BullEntry | undefined> {
    for (const direct of queue ? [letterId(queue.name, id), id] : [id]) {
      const entry = await dead.getJob(direct);
      if (entry && isLetter(entry) && isOurs(entry)) return entry;
    }
    for await (const entry of letters(dead)) {
      if (isLetter(entry) && isOurs(entry) && entry.data.id === id) return entry;
    }
    return undefined;
  }
}

/** Somebody may have added something else; and BullMQ takes some keys of its own (`meta`) for jobs. */
const isLetter = ({ data }: BullEntry): boolean =>
  typeof data?.queue === 'string' && typeof data.id === 'string';

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
  // The class of the queue at hand is the one for this backend, and its options hold the connection. But its default
  // job options, and what it would write about itself, are not that queue's.
  const Queue = dead.constructor as new (
    name: string,
    options: unknown,
  ) => {
    add(name: string, data: unknown, options: object): Promise<unknown>;
    close(): Promise<void>;
  };
  const sibling = new Queue(queue, { ...dead.opts, defaultJobOptions: undefined, skipMetasUpdate: true });
  try {
    await sibling.add(name, payload, jobOptions);
  } finally {
    await sibling.close();
  }
}
