import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Entry, Step } from '../handler.js';
import { createDatabase, startPostgres } from '../postgres.js';
import type { WorkerProcess } from '../processes.js';
import { startRedis } from '../redis.js';
import { type Trial, until } from '../trial.js';
import { EARLY_MS, type Given, job } from './given.js';

/** What a job of the kill test does: enough work that a kill hits something. */
const work = (next: Step): Step => ({ workMs: 100, next });

/** Many jobs at once, and worse and worse conditions. */
export function load({ it, subject, size, figures }: Given): void {
  it('2 · a delayed job is never early, and hardly late', { timeout: 60_000 }, async ({ open }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 1_000 });
    await trial.work();
    const ids: string[] = [];
    const due = new Map<string, number>();
    let enqueued = false;
    const enqueueing = (async () => {
      const batches = 50;
      for (let i = 0; i < batches; i++) {
        ids.push(
          ...(await trial.enqueue(Array.from({ length: size.lateJobs / batches }, () => job('fail', 'ok')))),
        );
        await sleep(size.lateOverMs / batches);
      }
      enqueued = true;
    })();
    let lookMs = 0;
    await until(50_000, 'all are done', async () => {
      // Looking costs the server time that the jobs would then be late by.
      if (Date.now() - lookMs < 400) return false;
      lookMs = Date.now();
      for (const [id, view] of await trial.queue.views()) {
        if (view.dueAtMs !== undefined) due.set(id, view.dueAtMs);
      }
      return enqueued && trial.ledgerOf().filter(({ what }) => what === 'done').length === ids.length;
    });
    await enqueueing;
    const lateness = trial
      .ledgerOf()
      .filter(({ what, attempt }) => what === 'begin' && attempt === 2)
      .map(({ id, atMs }) => atMs - (due.get(id) ?? NaN))
      .toSorted((a, b) => a - b);
    expect(lateness).toHaveLength(ids.length);
    const at = (share: number): number => lateness[Math.ceil(lateness.length * share) - 1] ?? NaN;
    figures['lateness'] = {
      jobs: ids.length,
      minMs: lateness[0],
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
    };
    expect(lateness[0]).toBeGreaterThanOrEqual(-EARLY_MS);
    expect(at(size.lateShare)).toBeLessThanOrEqual(size.worstMs);
  });

  it(
    '9 · with workers killed every second no attempt runs twice, none is over, and every job is done or dead',
    { timeout: 180_000 },
    async ({ open }) => {
      const trial = await open({
        maxRetries: 3,
        backoff: 'exponential',
        baseDelayMs: size.kills * 125,
        jitter: 'equal',
      });
      const workers = await Promise.all(Array.from({ length: 4 }, () => trial.workApart(10)));
      const kinds: Step[][] = [
        [work('fail'), work('fail'), work('fail'), work('ok')],
        [work('fail'), work('fail'), work('ok')],
        [work('fail')],
        [work('fail'), work('permanent')],
        [work('ok')],
      ];
      const ids = await trial.enqueue(
        Array.from({ length: size.jobs }, (_, i) => ({
          key: `job ${i}`,
          steps: kinds[i % kinds.length] ?? [],
        })),
      );
      for (let kill = 0; kill < size.kills; kill++) {
        await sleep(1_000);
        const victim = await busiest(workers, trial);
        await workers[victim]?.kill();
        workers[victim] = await trial.workApart(10);
      }
      const { done, dead } = await trial.settled(ids, 120_000);
      const runs = ids.map((id) => trial.runs(id));
      expect(Math.max(...runs.map((list) => list.length))).toBeLessThanOrEqual(4);
      expect(runs.filter((list) => new Set(list).size !== list.length)).toEqual([]);
      expect(done.length + dead.length).toBe(ids.length);
      const letters = await trial.queue.deadLetters.list({ limit: size.jobs * 2 });
      expect(letters.map(({ id }) => id).toSorted()).toEqual(dead.toSorted());
      expect(letters.filter(({ attempts, history }) => history.length !== attempts)).toEqual([]);
      await trial.queue.audit?.();
      // Runs that a kill has cut off; without any, this test has shown nothing.
      const cut = underWay(trial.ledgerOf());
      expect(cut).toBeGreaterThan(0);
      figures['kills'] = {
        jobs: ids.length,
        kills: size.kills,
        cut,
        done: done.length,
        dead: dead.length,
        stalled: letters.filter(({ reason }) => reason === 'stalled').length,
        runsPerJob: countBy(runs.map((list) => list.length)),
      };
    },
  );

  it(
    '12 · with the server killed and started again, nothing is lost and nothing is over',
    { timeout: 120_000 },
    async ({ open }) => {
      const server = await (subject().server === 'redis' ? startRedis() : startPostgres());
      try {
        const at = subject().server === 'redis' ? server.url : await createDatabase(server.url, 'crash');
        const trial = await open(
          { maxRetries: 5, backoff: 'constant', baseDelayMs: 500, jitter: 'equal' },
          at,
        );
        const end = new AbortController();
        // A host may end its process when the server is gone; whoever runs workers starts them again.
        const supervised = Array.from({ length: 2 }, async () => {
          while (!end.signal.aborted) {
            const worker = await trial.workApart(10).catch(() => sleep(200));
            await Promise.race([worker?.ended(), once(end.signal, 'abort')]);
          }
        });
        const ids = await trial.enqueue(
          Array.from({ length: size.jobs }, () => job('fail', 'fail', { workMs: 20, next: 'ok' })),
        );
        await until(20_000, 'retries are under way', () =>
          trial.ledgerOf().some(({ attempt }) => attempt === 2),
        );
        await server.crash();
        await sleep(1_000);
        await server.start();
        const { done, dead } = await trial.settled(ids, 90_000);
        end.abort();
        await Promise.all(supervised);
        expect(done.length + dead.length).toBe(ids.length);
        await trial.queue.audit?.();
        expect(Math.max(...ids.map((id) => trial.runs(id).length))).toBeLessThanOrEqual(6);
        figures['server crash'] = { jobs: ids.length, done: done.length, dead: dead.length };
      } finally {
        await server.stop();
      }
    },
  );
}

function countBy(values: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** The worker with the most runs under way, since to kill an idle one shows nothing. The first, if all are idle for a second. */
async function busiest(workers: readonly WorkerProcess[], trial: Trial): Promise<number> {
  for (let looks = 0; looks < 40; looks++) {
    const open = (pid: number): number => underWay(trial.ledgerOf().filter((entry) => entry.pid === pid));
    const runs = workers.map((worker) => open(worker.pid));
    const most = Math.max(...runs);
    if (most > 0) return runs.indexOf(most);
    await sleep(25);
  }
  return 0;
}

/** How many runs have begun and not ended. */
function underWay(ledger: readonly Entry[]): number {
  return (
    ledger.filter(({ what }) => what === 'begin').length -
    ledger.filter(({ what }) => what === 'done' || what === 'failed').length
  );
}
