import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type Clock,
  delayFor,
  permanent,
  type PolicySpec,
  reportOf,
  retry,
  seeded,
} from '../../src/index.js';
import { act, type Payload, type Step } from './handler.js';
import { createDatabase, startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import type { Server } from './server.js';
import type { JobView, Subject } from './subject.js';
import { subjectNamed } from './subjects.js';
import { Trial, until } from './trial.js';

/** The two sizes: part of every test run, and run by hand for figures. */
const SIZES = {
  normal: { jobs: 150, kills: 4, lateJobs: 100, lateOverMs: 1_000, worstP99Ms: 2_000 },
  soak: { jobs: 1_000, kills: 12, lateJobs: 500, lateOverMs: 10_000, worstP99Ms: 150 },
};

/** Chance without chance, for delays that can be told beforehand. */
const random = (k: number): number => [0.1, 0.9, 0.5][k - 1] ?? 0;

/** A job that is early by no more than this is not early: clocks are read in whole milliseconds. */
const EARLY_MS = 2;

/** What every queue has to show on a real server. A test file is one call of this. */
export function conformance(name: string, overrides: { worstP99Ms?: number; kills?: number } = {}): void {
  const services = inject('services');
  const isSoak = services.mode === 'soak';
  const size = { ...(isSoak ? SIZES.soak : SIZES.normal), ...(isSoak ? overrides : {}) };
  const service = name.includes('on redis') ? services.redis : services.postgres;
  const missing = 'missing' in service ? service.missing : undefined;

  describe.skipIf(missing)(`${name}${missing ? ` (not run: ${missing})` : ''}`, () => {
    let subject: Subject;
    let url = '';
    const figures: Record<string, unknown> = {};

    beforeAll(async () => {
      subject = await subjectNamed(name);
      url = 'url' in service ? service.url : '';
      if (subject.server === 'postgres')
        url = await createDatabase(url, `t_${randomUUID().replaceAll('-', '')}`);
    });
    afterAll(() => {
      if (isSoak) note(name, figures);
    });
    /** Opens a trial that is closed when the test ends. */
    const it = test.extend<{ open: (spec: PolicySpec, at?: string) => Promise<Trial> }>({
      open: async ({ onTestFinished }, use) => {
        await use(async (spec, at = url) => {
          const trial = await Trial.open(subject, at, { jitter: 'none', ...spec });
          onTestFinished(() => trial.close());
          return trial;
        });
      },
    });

    describe.concurrent('in one process', () => {
      it('1 · the delays in the store are the whole milliseconds of the policy', async ({ open }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 600, jitter: 'equal' });
        await trial.work({ random: () => random });
        const ids = await trial.enqueue(Array.from({ length: 10 }, () => job('fail')));
        const seen = new Map(ids.map((id) => [id, [] as JobView[]]));
        await until(20_000, 'all are dead', async () => {
          const views = await trial.queue.views();
          for (const [id, list] of seen) {
            const view = views.get(id);
            if (view?.dueAtMs !== undefined && view.dueAtMs !== list.at(-1)?.dueAtMs) list.push(view);
          }
          return ids.every((id) => views.get(id)?.state === 'dead');
        });
        const expected = [1, 2, 3].map((k) => delayFor(trial.policy, k, random));
        for (const list of seen.values()) {
          expect(list).toHaveLength(3);
          for (const [index, delayMs] of expected.entries()) {
            expect(Math.abs((list[index]?.delayMs ?? NaN) - delayMs)).toBeLessThanOrEqual(2);
          }
        }
      });

      it('3 · what is not retryable runs once, and its letter names the original error', async ({ open }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
        await trial.work();
        const payload = job('permanent');
        const [id = ''] = await trial.enqueue([payload]);
        expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
        expect(trial.runs(id)).toEqual([1]);
        expect(await trial.queue.deadLetters.list()).toMatchObject([
          {
            id,
            payload,
            reason: 'not-retryable',
            attempts: 1,
            lastError: { name: 'CardError', message: 'card declined' },
            history: [{ attempt: 1, outcome: 'dead', reason: 'not-retryable' }],
          },
        ]);
      });

      it('4 · a job that always fails runs maxRetries + 1 times and leaves one letter with all of them', async ({
        open,
      }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
        await trial.work();
        const [id = ''] = await trial.enqueue([job('fail')]);
        await trial.settled([id]);
        expect(trial.runs(id)).toEqual([1, 2, 3, 4]);
        const letters = await trial.queue.deadLetters.list();
        expect(letters).toHaveLength(1);
        expect(letters[0]).toMatchObject({ id, reason: 'retries-exhausted', attempts: 4 });
        expect(letters[0]?.history.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
          [1, 'retry'],
          [2, 'retry'],
          [3, 'retry'],
          [4, 'dead'],
        ]);
        expect(letters[0]?.lastError.message).toBe('flaky, attempt 4');
        expect(letters[0]?.lastFailedAtMs).toBeGreaterThan(letters[0]?.firstFailedAtMs ?? Infinity);
      });

      it('4 · a redriven job starts anew, and purge leaves nothing', async ({ open }) => {
        const trial = await open({ maxRetries: 1, baseDelayMs: 20 });
        await trial.work();
        const [first = '', second = ''] = await trial.enqueue([job('fail'), job('fail')]);
        await trial.settled([first, second]);
        expect(await trial.queue.deadLetters.redrive(first)).toBe(true);
        expect(await trial.queue.deadLetters.redrive('no such id')).toBe(false);
        await until(20_000, 'the redriven job is dead again', async () => {
          const letters = await trial.queue.deadLetters.list();
          return letters.length === 2 && trial.ledgerOf().filter(({ what }) => what === 'begin').length === 6;
        });
        expect(await trial.queue.deadLetters.purge({ olderThanMs: 3_600_000 })).toBe(0);
        expect(await trial.queue.deadLetters.purge()).toBe(2);
        expect(await trial.queue.deadLetters.list()).toEqual([]);
      });

      it('5 · hints of every form are obeyed inside their limits, and end the job above them', async ({
        open,
      }) => {
        const trial = await open({
          maxRetries: 1,
          baseDelayMs: 100,
          jitter: [1, 1.25],
          maxRetryAfterMs: 5_000,
        });
        await trial.work();
        const ids = await trial.enqueue([
          job({ hintSeconds: 1 }, 'ok'),
          job({ hintMs: 700 }, 'ok'),
          job({ hintDateSeconds: 2 }, 'ok'),
          job({ hintSeconds: 0 }, 'ok'),
          job({ hintSeconds: 3_600 }, 'ok'),
          job({ hintDateSeconds: 3_600 }, 'ok'),
        ]);
        const { done, dead } = await trial.settled(ids);
        expect(done).toEqual(ids.slice(0, 4));
        expect(dead).toEqual(ids.slice(4));
        const delays = ids.slice(0, 4).map((id) => trial.decisions(id)[0]?.delayMs ?? NaN);
        const limits: [number, number][] = [
          [1_000, 1_250],
          [700, 875],
          // A date has no milliseconds: up to one second of it is gone when it is written.
          [900, 2_500],
          [100, 125],
        ];
        for (const [index, [low, high]] of limits.entries()) {
          expect(delays[index]).toBeGreaterThanOrEqual(low);
          expect(delays[index]).toBeLessThanOrEqual(high);
        }
        for (const [index, id] of ids.slice(0, 4).entries()) expectGap(trial, id, delays[index] ?? NaN);
        for (const id of dead) {
          expect(trial.decisions(id)).toEqual([{ attempt: 1, delayMs: undefined, reason: 'hint-too-long' }]);
        }
      });

      it('6 · delays of 0 neither hang nor run hot', async ({ open }) => {
        const trial = await open({ backoff: [0, 0, 0] });
        await trial.work();
        const ids = await trial.enqueue([job('fail'), job('fail', 'fail', 'ok')]);
        expect(await trial.settled(ids)).toEqual({ done: [ids[1]], dead: [ids[0]] });
        expect(ids.map((id) => trial.runs(id))).toEqual([
          [1, 2, 3, 4],
          [1, 2, 3],
        ]);
      });

      it.for([2 ** 31 + 5, 2 ** 45, Number.MAX_SAFE_INTEGER])(
        '6 · after a delay of %i ms a job is not forgotten, and not run early',
        async (delayMs, { open }) => {
          const trial = await open({ backoff: [delayMs], maxDelayMs: Infinity });
          await trial.work();
          const [id = ''] = await trial.enqueue([job('fail')]);
          let view: JobView | undefined;
          await until(10_000, 'the job is delayed', async () => {
            view = (await trial.queue.views()).get(id);
            return view?.dueAtMs !== undefined;
          });
          await sleep(1_500);
          expect(trial.runs(id)).toEqual([1]);
          // A double holds no instant that far away to the millisecond.
          expect(view?.dueAtMs).toBeGreaterThan((Date.now() + delayMs) * (1 - 1e-12) - 5_000);
        },
      );

      it('6 · a saturated delay stays under the cap and goes on', async ({ open }) => {
        const trial = await open({
          maxRetries: 6,
          baseDelayMs: 100,
          factor: 1e6,
          maxDelayMs: 150,
          jitter: 'full',
        });
        await trial.work();
        const [id = ''] = await trial.enqueue([job('fail')]);
        await trial.settled([id]);
        expect(trial.runs(id)).toHaveLength(7);
        for (const { delayMs = 0 } of trial.decisions(id)) expect(delayMs).toBeLessThanOrEqual(150);
      });

      it('7 · whatever is thrown counts as one attempt, and is kept', async ({ open }) => {
        const kinds = ['string', 'undefined', 'null', 'frozen', 'huge-stack', 'proxy'] as const;
        const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
        await trial.work();
        const retried = await trial.enqueue(kinds.map((odd) => job({ odd }, 'ok')));
        const exhausted = await trial.enqueue(kinds.map((odd) => job({ odd })));
        expect(await trial.settled([...retried, ...exhausted])).toEqual({ done: retried, dead: exhausted });
        for (const id of [...retried, ...exhausted]) expect(trial.runs(id)).toEqual([1, 2]);
        const letters = await trial.queue.deadLetters.list();
        const kept = exhausted.map((id) => letters.find((letter) => letter.id === id)?.lastError);
        expect(kept).toMatchObject([
          { message: 'just a string' },
          { name: 'undefined' },
          { name: 'null' },
          { name: 'Error', message: 'frozen' },
          { name: 'Error', message: 'huge' },
          {},
        ]);
        for (const error of kept) expect(JSON.stringify(error).length).toBeLessThan(10_000);
      });

      it('8 · an attempt that takes too long is aborted and counted, and its late result changes nothing', async ({
        open,
      }) => {
        const trial = await open({ maxRetries: 1, baseDelayMs: 100, attemptTimeoutMs: 600 });
        await trial.work();
        const ids = await trial.enqueue([
          job({ waitMs: 10_000 }, 'ok'),
          // Ignores its signal; fails for good while the next attempt is running.
          job({ workMs: 850, next: 'permanent' }, { workMs: 400, next: 'ok' }),
          // Succeeds while the next attempt is running, which fails.
          job({ workMs: 850, next: 'ok' }, { workMs: 400, next: 'permanent' }),
        ]);
        expect(await trial.settled(ids)).toEqual({ done: ids.slice(0, 2), dead: [ids[2]] });
        for (const id of ids) {
          expect(trial.runs(id)).toEqual([1, 2]);
          expect(
            trial.ledgerOf(id).filter(({ what, attempt }) => what === 'aborted' && attempt === 1),
          ).toHaveLength(1);
          expect(trial.decisions(id)[0]).toEqual({ attempt: 1, delayMs: 100, reason: undefined });
        }
        expect(await trial.queue.deadLetters.list()).toMatchObject([{ id: ids[2], attempts: 2 }]);
      });

      it('14 · a success that cannot be settled runs again; on the last attempt it is buried with the success in its history', async ({
        open,
      }) => {
        const trial = await open({ maxRetries: 2, baseDelayMs: 50 });
        await trial.work({ fault: 'settle-error', leaseMs: subject.takeOverMs });
        const [id = ''] = await trial.enqueue([job('ok')]);
        expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
        expect(trial.runs(id)).toEqual([1, 2]);
        expect(await trial.queue.deadLetters.list()).toEqual([]);

        const last = await open({ maxRetries: 0 });
        await last.work({ fault: 'settle-error', leaseMs: subject.takeOverMs });
        const [lastId = ''] = await last.enqueue([job('ok')]);
        expect(await last.settled([lastId])).toEqual({ done: [], dead: [lastId] });
        expect(last.runs(lastId)).toEqual([1]);
        expect(await last.queue.deadLetters.list()).toMatchObject([
          { id: lastId, reason: 'stalled', attempts: 1, history: [{ attempt: 1, outcome: 'done' }] },
        ]);
      });

      it("15 · the host's own retry options at the enqueue do not change the policy", async ({ open }) => {
        const trial = await open({ maxRetries: 2, baseDelayMs: 150 });
        await trial.work();
        const ids = await trial.enqueue([job('fail'), job('fail')], true);
        expect((await trial.settled(ids)).dead).toEqual(ids);
        for (const id of ids) {
          expect(trial.decisions(id)).toEqual([
            { attempt: 1, delayMs: 150, reason: undefined },
            { attempt: 2, delayMs: 300, reason: undefined },
            { attempt: 3, delayMs: undefined, reason: 'retries-exhausted' },
          ]);
          expectGap(trial, id, 150);
        }
      });

      it('16 · an attempt cut short by shutdown is given back uncounted, and its late failure changes nothing', async ({
        open,
      }) => {
        const trial = await open({ maxRetries: 0 });
        const shutdown = new AbortController();
        const seen: string[] = [];
        const worker = await trial.work({
          signal: shutdown.signal,
          async handler(_payload, { attempt, signal }) {
            seen.push(`begin ${attempt}`);
            await once(signal, 'abort');
            await sleep(300);
            seen.push('late');
            throw permanent(new Error('too late to matter'));
          },
        });
        const [id = ''] = await trial.enqueue([job('ok')]);
        await until(10_000, 'the job runs', () => seen.length === 1);
        shutdown.abort();
        await worker.close();
        expect(seen).toEqual(['begin 1', 'late']);
        expect(trial.events).toEqual([]);
        await trial.work();
        expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
        expect(trial.runs(id)).toEqual([1]);
        expect(await trial.queue.deadLetters.list()).toEqual([]);
      });

      it('16 · work that is finished in spite of the shutdown is not done twice', async ({ open }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
        const shutdown = new AbortController();
        const worker = await trial.work({ signal: shutdown.signal });
        const [id = ''] = await trial.enqueue([job({ workMs: 500, next: 'ok' })]);
        await until(10_000, 'the job runs', () => trial.runs(id).length === 1);
        shutdown.abort();
        await worker.close();
        await trial.work();
        expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
        expect(trial.runs(id)).toEqual([1]);
      });

      it('17 · the same policy and seed give the same attempts, delays and reasons as in process', async ({
        open,
      }) => {
        const trial = await open({ maxRetries: 4, baseDelayMs: 40, jitter: 'equal', maxRetryAfterMs: 1_000 });
        const hint: Step = { hintMs: 120 };
        const scripts: Step[][] = [
          ['fail'],
          ['fail', hint, 'fail', hint],
          ['fail', hint, 'permanent'],
          ['fail', 'ok'],
        ];
        await trial.work({ random: () => seeded('the same everywhere') });
        const ids = await trial.enqueue(scripts.map((steps) => job(...steps)));
        await trial.settled(ids);
        for (const [index, steps] of scripts.entries()) {
          expect(trial.decisions(ids[index] ?? '')).toEqual(await inProcess(trial.policy, steps));
        }
      });
    });

    describe.concurrent('with processes that die', () => {
      it('10 · a crash on the last attempt leaves a letter that says stalled', async ({ open }) => {
        const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
        const worker = await trial.workApart(1);
        const [id = ''] = await trial.enqueue([job('fail', 'crash')]);
        await worker.ended();
        await trial.work();
        expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
        expect(trial.runs(id)).toEqual([1, 2]);
        expect(await trial.queue.deadLetters.list()).toMatchObject([
          {
            id,
            reason: 'stalled',
            attempts: 2,
            history: [
              { attempt: 1, outcome: 'retry' },
              { attempt: 2, outcome: 'stalled' },
            ],
          },
        ]);
      });

      it('11 · a worker that was frozen past its lease overwrites nothing', async ({ open }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 50 });
        const frozen = await trial.workApart(2);
        const late: Step[] = [{ workMs: 700, next: 'permanent' }, 'ok'];
        const lateSuccess: Step[] = [{ workMs: 700, next: 'ok' }, 'permanent'];
        const isUnfenced = subject.exceptions?.unfencedCompletion !== undefined;
        const ids = await trial.enqueue([job(...late), ...(isUnfenced ? [] : [job(...lateSuccess)])]);
        await until(10_000, 'the first attempts run', () => ids.every((id) => trial.runs(id).length === 1));
        frozen.freeze();
        await trial.work();
        await trial.settled(ids);
        frozen.resume();
        await until(10_000, 'the frozen attempts end', () =>
          ids.every((id) =>
            trial.ledgerOf(id).some(({ pid, what }) => pid === frozen.pid && what !== 'begin'),
          ),
        );
        await sleep(500);
        expect(await trial.settled(ids)).toEqual({ done: [ids[0]], dead: ids.slice(1) });
        for (const id of ids) expect(trial.runs(id)).toEqual([1, 2]);
        expect((await trial.queue.deadLetters.list()).map(({ id, attempts }) => [id, attempts])).toEqual(
          ids.slice(1).map((id) => [id, 2]),
        );
      });

      it('13 · a crash between dead letter and settle leaves exactly one letter', async ({ open }) => {
        const trial = await open({ maxRetries: 3, baseDelayMs: 50 });
        const worker = await trial.workApart(1, 'die-after-dead-letter');
        const [id = ''] = await trial.enqueue([job('permanent')]);
        await worker.ended();
        await trial.work();
        expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
        expect(trial.runs(id)).toEqual([1]);
        expect(await trial.queue.deadLetters.list()).toMatchObject([
          { id, reason: 'not-retryable', attempts: 1 },
        ]);
      });
    });

    describe('under load', () => {
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
              ...(await trial.enqueue(
                Array.from({ length: size.lateJobs / batches }, () => job('fail', 'ok')),
              )),
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
        expect(at(isSoak ? 0.99 : 1)).toBeLessThanOrEqual(size.worstP99Ms);
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
            await workers[kill % 4]?.kill();
            workers[kill % 4] = await trial.workApart(10);
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
          const ledger = trial.ledgerOf();
          const cut =
            ledger.filter(({ what }) => what === 'begin').length -
            ledger.filter(({ what }) => what === 'done' || what === 'failed').length;
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
          const server: Server = await (subject.server === 'redis' ? startRedis() : startPostgres());
          try {
            const at = subject.server === 'redis' ? server.url : await createDatabase(server.url, 'crash');
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
    });
  });
}

/** A job that does these things, one in each attempt. */
function job(...steps: Step[]): Payload {
  return { key: 'job', steps };
}

/** What a job of the kill test does: enough work that a kill hits something. */
const work = (next: Step): Step => ({ workMs: 100, next });

/** Between the first two runs of a job lies at least the delay. */
function expectGap(trial: Trial, id: string, delayMs: number): void {
  const [first, second] = trial.ledgerOf(id).filter(({ what }) => what === 'begin');
  expect((second?.atMs ?? NaN) - (first?.atMs ?? NaN)).toBeGreaterThanOrEqual(delayMs - EARLY_MS);
}

/** The same steps through `retry`, on a clock whose time passes at once. */
export async function inProcess(policy: PolicySpec, steps: readonly Step[]) {
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    wallNow: () => Date.now(),
    setTimer(ms, fn) {
      queueMicrotask(() => {
        nowMs += ms;
        fn();
      });
      return () => undefined;
    },
  };
  const decisions: { attempt: number; delayMs: number | undefined; reason: string | undefined }[] = [];
  let attempts = 0;
  let thrown: unknown;
  await retry(
    ({ attempt, signal }) => {
      attempts = attempt;
      return act(steps[Math.min(attempt, steps.length) - 1] ?? 'ok', attempt, signal);
    },
    policy,
    {
      clock,
      random: seeded('the same everywhere'),
      onRetry: ({ attempt, delayMs }) => decisions.push({ attempt, delayMs, reason: undefined }),
    },
  ).catch((error: unknown) => {
    thrown = error;
  });
  const reason = reportOf(thrown)?.reason;
  return [...decisions, { attempt: attempts, delayMs: undefined, reason }];
}

function countBy(values: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** The figures of a soak run, for the documentation. */
function note(name: string, figures: object): void {
  const folder = resolve(import.meta.dirname, '../../.cache/soak');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name.replaceAll(' ', '-')}.json`), JSON.stringify(figures, null, 2));
  console.info(name, JSON.stringify(figures));
}
