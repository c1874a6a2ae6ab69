import type { Clock } from '../../internal.js';
import { claimKey } from './claim.js';
import type { GraphileEvents, GraphileJob } from './host.js';

/** The worker pools of this process, as their events tell of them. */
export interface Pools {
  ids(): string[];
  /** Claims that graphile-worker has finished with, at or before that time, and may not have let go. */
  finishedBefore(ms: number): string[];
  /** These were looked after. */
  confirmed(claims: readonly string[]): void;
  stop(): void;
}

interface Finished {
  readonly job: GraphileJob;
  readonly worker: { readonly workerPool: { readonly id: string } };
}

/** `onPool` is called for each pool when it is first heard of. */
export function pools(events: GraphileEvents, clock: Clock, onPool: () => void): Pools {
  const ids = new Set<string>();
  const finished = new Map<string, number>();

  const seen = (id: string): void => {
    if (ids.has(id)) return;
    ids.add(id);
    onPool();
  };
  const listeners: Record<string, (event: any) => void> = {
    'pool:create': ({ workerPool }: { workerPool: { id: string } }) => seen(workerPool.id),
    // For a runner that was started before: its workers look for jobs at every poll.
    'worker:getJob:start': ({ worker }: Finished) => seen(worker.workerPool.id),
    'pool:release': ({ workerPool }: { workerPool: { id: string } }) => ids.delete(workerPool.id),
    // Emitted before the row is written, and whether or not that succeeds.
    'job:complete': ({ job, worker }: Finished) =>
      finished.set(claimKey(job.id, job.attempts, worker.workerPool.id), clock.now()),
  };
  for (const [event, listener] of Object.entries(listeners)) events.on(event, listener);

  return {
    ids: () => [...ids],
    finishedBefore: (ms) => [...finished].filter(([, atMs]) => atMs <= ms).map(([claim]) => claim),
    confirmed(claims) {
      for (const claim of claims) finished.delete(claim);
    },
    stop() {
      for (const [event, listener] of Object.entries(listeners)) events.off(event, listener);
    },
  };
}
