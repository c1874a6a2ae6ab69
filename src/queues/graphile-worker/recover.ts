import { at, callOptions, type Clock, show, systemClock } from '../../internal.js';
import { type Known, optionsOf } from '../options.js';
import type { GraphileEvents, SqlClient } from './host.js';
import { NAMES, type Names, namesOf } from './names.js';
import { pools } from './pools.js';
import { statements } from './statements.js';
import { versionCheck } from './version.js';

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;

export interface RecoverOptions extends Names {
  /** The emitter given to `run({ events })`, which is best, since no pool is missed then; or `runner.events`. */
  readonly events: GraphileEvents;
  /**
   * A pool that has not been heard of for so long is gone, and its jobs are freed; a job that graphile-worker has
   * finished with but not let go for so long is freed, too. Heartbeats are four times as frequent. Default 60 000, at
   * least 100.
   */
  readonly staleAfterMs?: number | null | undefined;
  /** What went wrong, for a log: a round that failed is made up for by the next. Default: ignored. */
  readonly onError?: ((error: unknown) => void) | null | undefined;
  /** Where time comes from, but for what the database's clock is asked. Default: the platform's. */
  readonly clock?: Clock | null | undefined;
}

const OPTIONS: Known<RecoverOptions> = {
  ...NAMES,
  events: '',
  staleAfterMs: '',
  onError: 'function',
  clock: callOptions.clock,
};

/** What stops a recovery that runs. */
export interface Recovery {
  /** No further round; resolves when the last one is over. The pools' heartbeats run out, and others free what they left. */
  stop(): Promise<void>;
}

/**
 * What the open edition of graphile-worker lacks: a heartbeat for each worker pool of this process, and, for all
 * processes, the freeing of jobs whose pool is gone, of jobs left locked because a settle was lost, and the burial of
 * jobs that ran out of attempts without the task being told. To be run in every process that runs wrapped tasks, and
 * started before the runner. Resolves when the first round is done.
 *
 * @throws Error if graphile-worker's tables are of an unknown version; RangeError if `staleAfterMs` is out of range;
 * TypeError for an option there is not.
 */
export async function recover(client: SqlClient, options: RecoverOptions): Promise<Recovery> {
  const given = optionsOf('recover', options, OPTIONS);
  const { events, staleAfterMs = 60_000, onError, clock = systemClock } = given;
  if (typeof events?.on !== 'function') {
    throw new TypeError(
      `events is the emitter given to run({ events }), or runner.events, got ${show(events)}`,
    );
  }
  if (!(Number.isSafeInteger(staleAfterMs) && staleAfterMs >= 100)) {
    throw new RangeError(`staleAfterMs is a whole number of milliseconds, 100 or more, got ${staleAfterMs}`);
  }
  const sql = statements(namesOf(given));
  const ours = pools(events, clock, () => void beat().catch(report));
  // The first round looks back further: perhaps all workers have been away.
  let reachMs = WEEK_MS;
  let stopped = false;
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();

  try {
    await versionCheck(sql)(client);
    await round();
  } catch (error) {
    ours.stop();
    throw error;
  }
  schedule();

  return {
    stop: () => {
      stopped = true;
      cancel?.();
      ours.stop();
      return running.catch(() => undefined);
    },
  };

  function schedule(): void {
    if (stopped) return;
    const next = (): void => {
      running = round().catch(report).finally(schedule);
    };
    cancel = at(clock.now() + staleAfterMs / 4, next, clock, true);
  }

  async function round(): Promise<void> {
    await beat();
    const lost = ours.finishedBefore(clock.now() - staleAfterMs);
    const { rows: freed } = await client.query(sql.free, [staleAfterMs, lost, reachMs]);
    reachMs = 10 * staleAfterMs;
    ours.confirmed(lost);
    await client.query(sql.sweep);
    await client.query(sql.forget, [staleAfterMs]);
    if (freed.length > 0) await client.query(sql.wake, [freed.length]);
  }

  async function beat(): Promise<void> {
    const ids = ours.ids();
    if (ids.length > 0) await client.query(sql.beat, [ids]);
  }

  function report(error: unknown): void {
    onError?.(error);
  }
}
