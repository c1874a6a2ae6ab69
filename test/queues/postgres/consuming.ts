import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { delayFor, definePolicy, permanent, retryIn, seeded } from '../../../src/index.js';
import type { SqlClient, Statement } from '../../../src/queues/postgres/client.js';
import {
  consume,
  type ConsumeOptions,
  type Consumer,
  type Listen,
} from '../../../src/queues/postgres/consume.js';
import { deadLetters } from '../../../src/queues/postgres/dead-letters.js';
import type { TableJob } from '../../../src/queues/postgres/job.js';
import type { TableQueue } from '../../../src/queues/postgres/table-queue.js';
import { tableQueue } from '../../../src/queues/postgres/table.js';
import type { Handler } from '../../../src/queues/types.js';
import { type Fault, faulty } from './faulty.js';
import type { Opened } from './statements.js';
import { withUncaught } from './uncaught.js';

export interface OpenedForWork extends Opened {
  readonly listen: Listen;
}

let tables = 0;

/** Long past the end of every test: whoever needs this to happen has hung. */
const NEVER_MS = 1_000_000;

const deferred = <T = void>(): { promise: Promise<T>; resolve: (value: T) => void } => {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};

/** Rejects with the reason when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** The promises of the consumer, on any client. */
export function describeConsumer(name: string, open: () => Promise<OpenedForWork>): void {
  describe(`the consumer on ${name}`, () => {
    let opened: OpenedForWork;
    let q: TableQueue;
    let table: string;
    const consumers: Consumer[] = [];

    const run = async <Row = any>({ text, values }: Statement): Promise<Row[]> =>
      (await opened.client.query(text, values)).rows;
    const add = async (payload: unknown = {}, delayMs = 0): Promise<string> =>
      (await run<{ id: string }>(q.add('mail', payload, { delayMs })))[0]!.id;
    const row = async (id: string): Promise<any> =>
      (await opened.client.query(`select * from "${table}" where id = $1`, [id])).rows[0];
    const inState = (state: string, id: string): Promise<any> =>
      vi.waitFor(
        async () => {
          const found = await row(id);
          expect(found.state).toBe(state);
          return found;
        },
        { timeout: 20_000, interval: 5 },
      );
    const expire = (id: string): Promise<unknown> =>
      opened.client.query(`update "${table}" set lease_until = now() - interval '1 second' where id = $1`, [
        id,
      ]);
    const claimOne = async (worker = 'other'): Promise<TableJob> =>
      (await run<TableJob>(q.claim('mail', 1, worker, 60_000)))[0]!;
    const start = (
      spec: Parameters<typeof consume>[3],
      handler: Handler<TableJob<any>>,
      options: ConsumeOptions<any> = {},
      client: SqlClient = opened.client,
    ): Consumer => {
      const consumer = consume(client, q, 'mail', spec, handler, { pollMs: 20, ...options });
      consumers.push(consumer);
      return consumer;
    };
    const letters = () => deadLetters(opened.client, q, 'mail');

    beforeAll(async () => {
      opened = await open();
    }, 60_000);
    afterAll(() => opened.close());
    beforeEach(async () => {
      table = `work_${++tables}`;
      q = tableQueue({ table });
      await run(q.schema());
    });
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.stop({ timeoutMs: 1_000 })));
    });

    test('a job is run and completed, and its history tells of it', async () => {
      const seen: unknown[] = [];
      const id = await add({ to: 'ada' });
      start({ maxRetries: 3 }, (job, { attempt, signal }) => {
        seen.push([job.id, job.queue, job.payload, attempt, signal.aborted]);
      });
      expect(await inState('done', id)).toMatchObject({
        attempt: 1,
        history: [{ attempt: 1, outcome: 'done', worker: 'consumer' }],
      });
      expect(seen).toEqual([[id, 'mail', { to: 'ada' }, 1, false]]);
    });

    test('attempts, delays and the end are those of the policy, drawn from the queue and the id', async () => {
      const policy = definePolicy({ maxRetries: 3, baseDelayMs: 3, jitter: [1, 9] });
      const told: unknown[] = [];
      const id = await add();
      start(
        policy,
        () => {
          throw new Error('flaky');
        },
        {
          onAttempt: ({ attempt, outcome, delayMs, reason }) =>
            told.push([attempt, outcome, delayMs, reason]),
        },
      );
      const { history } = await inState('dead', id);
      const delay = (retry: number): number => delayFor(policy, retry, seeded(`mail:${id}`));
      expect(told).toEqual([
        [1, 'retry', delay(1), undefined],
        [2, 'retry', delay(2), undefined],
        [3, 'retry', delay(3), undefined],
        [4, 'dead', undefined, 'retries-exhausted'],
      ]);
      expect(
        history.map((entry: any) => [entry.attempt, entry.outcome, entry.delayMs, entry.reason]),
      ).toEqual(told);
      // Never early, on the database clock.
      for (const [index, entry] of history.slice(0, -1).entries()) {
        expect(history[index + 1].startedAtMs - entry.settledAtMs).toBeGreaterThanOrEqual(
          entry.delayMs - 0.01,
        );
      }
    });

    test('a failure that is not worth a retry is buried after one run, with its error', async () => {
      const id = await add({ card: 1 });
      start({ maxRetries: 5 }, () => {
        throw permanent(Object.assign(new RangeError('declined'), { code: 'card_declined' }));
      });
      await inState('dead', id);
      const [letter] = await letters().list();
      expect(letter).toMatchObject({
        queue: 'mail',
        name: 'mail',
        payload: { card: 1 },
        id,
        reason: 'not-retryable',
        lastError: { name: 'RangeError', message: 'declined', code: 'card_declined' },
        attempts: 1,
        history: [{ attempt: 1, outcome: 'dead' }],
      });
      expect(letter!.lastFailedAtMs).toBeGreaterThanOrEqual(letter!.firstFailedAtMs);
    });

    test('a redriven job has all attempts ahead of it', async () => {
      let isBroken = true;
      const attempts: number[] = [];
      const id = await add();
      start({ maxRetries: 1, baseDelayMs: 0 }, (_job, { attempt }) => {
        attempts.push(attempt);
        if (isBroken) throw new Error('broken');
      });
      await inState('dead', id);
      isBroken = false;
      expect(await letters().redrive('no such id')).toBe(false);
      expect(await letters().redrive(id)).toBe(true);
      expect(await inState('done', id)).toMatchObject({ attempt: 1, history: [{ outcome: 'done' }] });
      expect(attempts).toEqual([1, 2, 1]);
      expect(await letters().list()).toEqual([]);
    });

    test('dead letters come page by page, and are purged by age', async () => {
      const ids = [await add('a'), await add('b'), await add('c')];
      for (const _ of ids) await run(q.bury(await claimOne(), 'not-retryable', { error: 'no' }));
      const list = async (page: { limit?: number; offset?: number }) =>
        (await letters().list(page)).map(({ id }) => id);
      expect(await list({ limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await list({ limit: 2, offset: 2 })).toEqual(ids.slice(2));
      expect(await letters().purge({ olderThanMs: 60_000 })).toBe(0);
      expect(await letters().purge()).toBe(3);
      expect(await list({})).toEqual([]);
      await expect(
        deadLetters(opened.client, tableQueue({ table: 'none' }), 'mail').redrive('1'),
      ).rejects.toMatchObject({
        code: '42P01',
      });
    });

    test('the words of all queues are heard: classify, random, onAttempt', async () => {
      const id = await add();
      start(
        { maxRetries: 5, baseDelayMs: 100, jitter: 'full' },
        () => {
          throw new TypeError('as it is');
        },
        {
          classify: (_error, { attempt }) => (attempt < 3 ? { retryAfterMs: 1 } : 'stop'),
          random: () => () => 0,
          onAttempt: ({ attempt }) => {
            if (attempt === 2) throw new Error('watcher');
          },
        },
      );
      expect((await inState('dead', id)).history).toMatchObject([
        { outcome: 'retry', delayMs: 1 },
        { outcome: 'retry', delayMs: 1, hookError: { message: 'watcher' } },
        { outcome: 'dead', reason: 'not-retryable', error: { name: 'TypeError', message: 'as it is' } },
      ]);
    });

    test('a job of a worker that died is taken over without backoff, and its attempt counts', async () => {
      const id = await add();
      const lost = await claimOne('dead worker');
      await expire(id);
      start({ maxRetries: 1, baseDelayMs: NEVER_MS, maxDelayMs: NEVER_MS }, () => 1);
      const { history } = await inState('done', id);
      expect(history).toMatchObject([
        { attempt: 1, outcome: 'stalled', worker: 'dead worker', fence: lost.fence },
        { attempt: 2, outcome: 'done', fence: lost.fence + 1 },
      ]);
    });

    test('a job whose last attempt was lost is buried as stalled without another run', async () => {
      const handler = vi.fn();
      const id = await add('last words');
      await run(q.retry(await claimOne(), 0, { error: new Error('first') }));
      await claimOne();
      await expire(id);
      start({ maxRetries: 1 }, handler);
      expect(await inState('dead', id)).toMatchObject({ attempt: 2 });
      expect(handler).not.toHaveBeenCalled();
      expect(await letters().list()).toMatchObject([
        {
          id,
          payload: 'last words',
          reason: 'stalled',
          attempts: 2,
          lastError: { message: 'first' },
          history: [{ outcome: 'retry' }, { attempt: 2, outcome: 'stalled' }],
        },
      ]);
    });

    test('a policy of one retry whose `policyFor` chooses four makes five attempts, also after one that was lost', async () => {
      const ids = [await add('normal'), await add('lost')];
      const ran = new Map<string, number[]>(ids.map((id) => [id, []]));
      const job = await claimOne();
      ran.get(job.id)?.push(job.attempt);
      await expire(job.id);
      start(
        { maxRetries: 1, baseDelayMs: 60_000, maxDelayMs: 60_000 },
        ({ id, attempt }) => {
          ran.get(id)?.push(attempt);
          throw new Error('flaky');
        },
        { policyFor: () => ({ maxRetries: 4, baseDelayMs: 1, jitter: 'none' }) },
      );
      for (const id of ids) {
        await inState('dead', id);
        expect(ran.get(id)).toEqual([1, 2, 3, 4, 5]);
      }
      expect(await letters().list()).toMatchObject(
        ids.map(() => ({ reason: 'retries-exhausted', attempts: 5 })),
      );
    });

    test('an attempt that was lost after the policy of the queue had ended ends the job: it has no error to choose by', async () => {
      const id = await add();
      for (const attempt of [1, 2]) {
        const job = await claimOne();
        expect(job.attempt).toBe(attempt);
        await run(q.retry(job, 0));
      }
      await claimOne();
      await expire(id);
      const told: unknown[] = [];
      start({ maxRetries: 1 }, () => expect.fail('must not run'), {
        policyFor: () => ({ maxRetries: 4 }),
        onAttempt: ({ attempt, outcome, reason, durationMs }) =>
          told.push([attempt, outcome, reason, durationMs]),
      });
      await inState('dead', id);
      expect(told).toEqual([
        [3, 'stalled', undefined, undefined],
        [3, 'dead', 'stalled', undefined],
      ]);
    });

    test('a lost attempt is reported once, and what the observer throws is in its history entry', async () => {
      const id = await add();
      await claimOne();
      await expire(id);
      const told: unknown[] = [];
      start(
        { maxRetries: 3, backoff: [1, 1, 1] },
        (job) => job.attempt < 3 && Promise.reject(new Error('flaky')),
        {
          onAttempt: ({ attempt, outcome }) => {
            told.push([attempt, outcome]);
            if (outcome === 'stalled') throw new Error('metrics are down');
          },
        },
      );
      const { history } = await inState('done', id);
      expect(told).toEqual([
        [1, 'stalled'],
        [2, 'retry'],
        [3, 'done'],
      ]);
      expect(history).toMatchObject([
        { attempt: 1, outcome: 'stalled', hookError: { message: 'metrics are down' } },
        { attempt: 2, outcome: 'retry' },
        { attempt: 3, outcome: 'done' },
      ]);
      expect(history[1]).not.toHaveProperty('hookError');
    });

    test('an exact delay is exact, below the delay of the policy and above its cap', async () => {
      const id = await add();
      const delays = [10, 40, 90];
      start({ maxRetries: 3, baseDelayMs: 60, maxDelayMs: 60 }, ({ attempt }) => {
        if (attempt <= 3) throw retryIn(new Error('not yet'), delays[attempt - 1]!);
      });
      const { history } = await inState('done', id);
      expect(history.map((entry: any) => entry.delayMs)).toEqual([...delays, undefined]);
      for (const [index, delayMs] of delays.entries()) {
        const waited = history[index + 1].startedAtMs - history[index].settledAtMs;
        expect(waited).toBeGreaterThanOrEqual(delayMs - 0.01);
      }
    });

    test('options that are null are not given', async () => {
      const id = (await run<{ id: string }>(q.add('mail', {}, { delayMs: null })))[0]!.id;
      const common = {
        classify: null,
        policyFor: null,
        onAttempt: null,
        name: null,
        random: null,
        signal: null,
      };
      const own = {
        concurrency: null,
        leaseMs: null,
        pollMs: null,
        listen: null,
        worker: null,
        onError: null,
      };
      const consumer = consume(opened.client, q, 'mail', {}, () => undefined, {
        ...common,
        ...own,
        clock: null,
      });
      consumers.push(consumer);
      await inState('done', id);
      await consumer.stop({ timeoutMs: null });
      expect(await letters().list({ limit: null, offset: null })).toEqual([]);
      expect(await letters().purge({ olderThanMs: null })).toBe(0);
    });

    test('heartbeats keep a job for as long as its handler runs', async () => {
      const release = deferred();
      const id = await add();
      start({ maxRetries: 3 }, () => release.promise, { leaseMs: 1_500 });
      const first = (await inState('running', id)).lease_until;
      await vi.waitFor(
        async () => expect((await row(id)).lease_until.getTime()).toBeGreaterThan(first.getTime()),
        { timeout: 10_000, interval: 5 },
      );
      release.resolve();
      expect(await inState('done', id)).toMatchObject({ attempt: 1 });
    });

    test('a handler whose job was taken over is told so, and cannot settle it', async () => {
      const signals: AbortSignal[] = [];
      const id = await add();
      start(
        { maxRetries: 3 },
        (_job, { signal }) => {
          signals.push(signal);
          return aborted(signal);
        },
        { leaseMs: 200, concurrency: 1 },
      );
      await inState('running', id);
      await expire(id);
      const taken = await claimOne('thief');
      await vi.waitFor(() => expect(signals[0]!.aborted).toBe(true), { timeout: 10_000 });
      expect(signals[0]!.reason).toMatchObject({
        name: 'AbortError',
        message: expect.stringMatching(/taken over/),
      });
      expect(await row(id)).toMatchObject({ state: 'running', worker: 'thief', attempt: 2 });
      expect(await run(q.complete(taken))).toHaveLength(1);
    });

    test('a handler is told to stop when no heartbeat gets through for the length of a lease', async () => {
      const isAway = deferred();
      const told = deferred<unknown>();
      await add();
      let hung = false;
      const client: SqlClient = {
        query: async (text, values) => {
          if (hung) await isAway.promise;
          return opened.client.query(text, values);
        },
      };
      start(
        { maxRetries: 0 },
        async (_job, { signal }) => {
          hung = true;
          await aborted(signal).catch(told.resolve);
        },
        { leaseMs: 60 },
        client,
      );
      expect(await told.promise).toMatchObject({ message: expect.stringMatching(/lease/) });
      isAway.resolve();
    });

    test('a job cut short by a stop is released: its attempt does not count, its fence stays', async () => {
      const begun = deferred();
      const id = await add();
      const consumer = start({ maxRetries: 0 }, (_job, { signal }) => {
        begun.resolve();
        return aborted(signal);
      });
      await begun.promise;
      const { fence } = await row(id);
      await consumer.stop();
      expect(await row(id)).toMatchObject({ state: 'ready', attempt: 0, fence, history: [] });
      expect(await claimOne()).toMatchObject({ id, attempt: 1, fence: Number(fence) + 1 });
    });

    test('shutdown through the signal is a stop', async () => {
      const shutdown = new AbortController();
      const begun = deferred();
      const reasons: unknown[] = [];
      const id = await add();
      const consumer = start(
        { maxRetries: 0 },
        (_job, { signal }) => {
          begun.resolve();
          return aborted(signal).catch((reason: unknown) => {
            reasons.push(reason);
            throw reason;
          });
        },
        { signal: shutdown.signal },
      );
      await begun.promise;
      shutdown.abort('deploy');
      await consumer.stop();
      expect(reasons).toEqual(['deploy']);
      expect(await row(id)).toMatchObject({ state: 'ready', attempt: 0 });
    });

    test('nothing is claimed under a signal that was aborted before', async () => {
      const handler = vi.fn();
      const id = await add();
      await start({}, handler, { signal: AbortSignal.abort() }).stop();
      expect(handler).not.toHaveBeenCalled();
      expect(await row(id)).toMatchObject({ state: 'ready', fence: expect.anything(), attempt: 0 });
    });

    test('work that is finished in spite of a stop is recorded', async () => {
      const begun = deferred();
      const id = await add();
      const consumer = start({ maxRetries: 0 }, async (_job, { signal }) => {
        begun.resolve();
        await aborted(signal).catch(() => undefined);
        return 'done after all';
      });
      await begun.promise;
      await consumer.stop();
      expect(await row(id)).toMatchObject({ state: 'done', attempt: 1 });
    });

    test('a handler still running when a stop times out keeps its attempt, and settles nothing', async () => {
      const begun = deferred();
      const end = deferred();
      const id = await add();
      const consumer = start({ maxRetries: 3 }, async () => {
        begun.resolve();
        await end.promise;
      });
      await begun.promise;
      await consumer.stop({ timeoutMs: 10 });
      end.resolve();
      await end.promise;
      const before = await row(id);
      expect(before).toMatchObject({ state: 'running', attempt: 1 });
      await expire(id);
      expect(await claimOne()).toMatchObject({ id, attempt: 2, history: [{ outcome: 'stalled' }] });
    });

    test('jobs of a claim that was under way at a stop are given back', async () => {
      const handler = vi.fn();
      const id = await add();
      const answer = deferred();
      const asked = deferred();
      const client: SqlClient = {
        query: async (text, values) => {
          const result = await opened.client.query(text, values);
          if (text.includes('skip locked')) {
            asked.resolve();
            await answer.promise;
          }
          return result;
        },
      };
      const consumer = start({ maxRetries: 0 }, handler, {}, client);
      await asked.promise;
      const stopped = consumer.stop();
      answer.resolve();
      await stopped;
      expect(handler).not.toHaveBeenCalled();
      expect(await row(id)).toMatchObject({ state: 'ready', attempt: 0 });
    });

    test('a server that is away is waited for, by claims and by settles', async () => {
      const errors: unknown[] = [];
      const id = await add();
      const handler = vi.fn();
      let failures = 0;
      const client: SqlClient = {
        query: (text, values) => {
          // Twice for each kind of statement, the claim and the settle.
          if (++failures % 3 !== 0) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
          return opened.client.query(text, values);
        },
      };
      start({ maxRetries: 0 }, handler, { onError: (error) => errors.push(error) }, client);
      await inState('done', id);
      expect(handler).toHaveBeenCalledTimes(1);
      expect(errors.length).toBeGreaterThanOrEqual(4);
      expect(errors[0]).toMatchObject({ message: 'gone' });
    });

    test('a statement the server refuses is told to onError, and thrown as uncaught without it', async () => {
      await withUncaught(async (uncaught) => {
        q = tableQueue({ table: 'no_such_table' });
        const told: unknown[] = [];
        const quiet = start({}, () => 1, { onError: (error) => told.push(error) });
        await vi.waitFor(() => expect(told).not.toEqual([]));
        await quiet.stop();
        expect(told[0]).toMatchObject({ code: '42P01' });
        expect(uncaught).toEqual([]);
        const loud = start({}, () => 1);
        await vi.waitFor(() => expect(uncaught).not.toEqual([]));
        await loud.stop();
        expect(uncaught[0]).toMatchObject({ code: '42P01' });
      });
    });

    /** A server that will not have a job completed, as one with a trigger of the user's may. */
    const refusing = (times: number): SqlClient => ({
      query: async (text, values) => {
        if (text.includes(`= 'done'`) && times-- > 0) {
          throw Object.assign(new Error('no'), { code: 'P0001' });
        }
        return opened.client.query(text, values);
      },
    });

    test('a success that cannot be recorded is run again if attempts are left', async () => {
      const id = await add();
      const attempts: number[] = [];
      start(
        { maxRetries: 1, baseDelayMs: 0 },
        (_job, { attempt }) => attempts.push(attempt),
        { onError: () => undefined },
        refusing(1),
      );
      expect((await inState('done', id)).history).toMatchObject([
        { attempt: 1, outcome: 'done', delayMs: 0 },
        { attempt: 2, outcome: 'done' },
      ]);
      expect(attempts).toEqual([1, 2]);
    });

    test('a success that cannot be recorded on the last attempt is buried as stalled, and told in its history', async () => {
      const id = await add();
      start({ maxRetries: 0 }, () => 1, { onError: () => undefined }, refusing(1));
      await inState('dead', id);
      expect(await letters().list()).toMatchObject([
        { id, reason: 'stalled', attempts: 1, history: [{ attempt: 1, outcome: 'done' }] },
      ]);
    });

    test('a job that comes while nothing is due is found without polling: by its delay', async () => {
      const id = await add({}, 30);
      const steps = [
        () => {
          throw new Error('flaky');
        },
        () => 1,
      ];
      start(
        { maxRetries: 1, backoff: [30], attemptTimeoutMs: NEVER_MS },
        (_job, { attempt }) => steps[attempt - 1]!(),
        { pollMs: NEVER_MS },
      );
      expect(await inState('done', id)).toMatchObject({ attempt: 2 });
    });

    test('adding and redriving a job notifies, by table and queue, when it is committed', async () => {
      const payloads: string[] = [];
      const unlisten = await opened.listen('ostinato', (payload) => payloads.push(payload));
      try {
        const heard = (count: number) =>
          vi.waitFor(() => expect(payloads).toHaveLength(count), { timeout: 10_000, interval: 5 });
        const id = await add();
        await heard(1);
        await run(q.bury(await claimOne(), 'not-retryable'));
        await run(q.redrive('mail', id));
        await heard(2);
        await run(q.add('other', 1));
        await heard(3);
        expect(payloads).toEqual([q.wakeWord('mail'), q.wakeWord('mail'), q.wakeWord('other')]);
        expect(new Set(payloads).size).toBe(2);
        expect(q.wakeWord('mail')).not.toBe(tableQueue({ table: 'others' }).wakeWord('mail'));
      } finally {
        await unlisten();
      }
    });

    test('a consumer that listens finds a new job without looking', async () => {
      const id = await add();
      start({}, () => 1, { pollMs: NEVER_MS, listen: opened.listen });
      await inState('done', id);
      await inState('done', await add());
    });

    test('a LISTEN that cannot be had is told, and the table is looked at instead', async () => {
      const errors: unknown[] = [];
      const id = await add();
      start({}, () => 1, {
        listen: () => Promise.reject(new Error('pooler')),
        onError: (error) => errors.push(error),
      });
      await inState('done', id);
      expect(errors).toMatchObject([{ message: 'pooler' }]);
    });

    test('a handler that completes its job together with its own writes has it completed once', async () => {
      const errors: unknown[] = [];
      const id = await add();
      start({ maxRetries: 3 }, async (job) => expect(await run(q.complete(job))).toHaveLength(1), {
        onError: (error) => errors.push(error),
      });
      expect((await inState('done', id)).history).toHaveLength(1);
      await consumers[0]!.stop();
      expect(errors).toEqual([]);
      expect(await row(id)).toMatchObject({ state: 'done', attempt: 1 });
    });

    test('the deadline counts from when the job was first due, on the database clock', async () => {
      const id = await add();
      await opened.client.query(`update "${table}" set due_at = now() - interval '1 hour' where id = $1`, [
        id,
      ]);
      start({ maxRetries: 5, maxElapsedMs: 3_600_000 }, () => {
        throw new Error('late');
      });
      await inState('dead', id);
      expect(await letters().list()).toMatchObject([{ id, reason: 'deadline', attempts: 1 }]);
    });

    test('never more than `concurrency` jobs are in hand, and all of them are done', async () => {
      let inHand = 0;
      let most = 0;
      const ids = await Promise.all(Array.from({ length: 30 }, () => add()));
      const handler = async (): Promise<void> => {
        most = Math.max(most, ++inHand);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inHand--;
      };
      start({}, handler, { concurrency: 4, pollMs: NEVER_MS });
      for (const id of ids) await inState('done', id);
      expect(most).toBe(4);
    });

    test('two consumers share the jobs, and none is run twice', async () => {
      const runs: string[] = [];
      const ids = await Promise.all(Array.from({ length: 40 }, () => add()));
      for (const worker of ['a', 'b']) {
        start({}, ({ id }) => runs.push(id), { concurrency: 3, worker });
      }
      for (const id of ids) await inState('done', id);
      expect(runs.toSorted()).toEqual(ids.toSorted());
    });

    test('a job is run for the right queue only', async () => {
      const other = vi.fn();
      await run(q.add('other', 1));
      const id = await add();
      start({}, () => 1);
      await inState('done', id);
      expect(other).not.toHaveBeenCalled();
      expect(await run(q.claim('other', 1, 'w', 1_000))).toHaveLength(1);
    });

    test.each(['concurrency', 'leaseMs', 'pollMs'])(
      '%s out of range is refused before anything runs',
      (option) => {
        for (const value of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) {
          expect(() => consume(opened.client, q, 'mail', {}, () => 1, { [option]: value })).toThrow(
            RangeError,
          );
        }
        expect(() => consume(opened.client, q, '', {}, () => 1)).toThrow(/queue has a name/);
        expect(() => consume(opened.client, q, 'mail', { maxRetries: -1 }, () => 1)).toThrow(TypeError);
        expect(() => consume(opened.client, q, 'mail', {}, {} as () => 1)).toThrow(
          /^handler: got \w+; expected a function/,
        );
      },
    );

    test.each<[object, RegExp]>([
      [{ concurency: 3 }, /^concurency: got 3; use concurrency$/],
      [{ attemptTimeoutMs: 3 }, /^attemptTimeoutMs: got 3; use attemptTimeoutMs, in the policy$/],
      [{ onError: 'log' }, /^onError: got "log"; expected a function$/],
      [new AbortController().signal, /^options of consume: got object; expected a plain object/],
    ])('an option there is not is refused before anything runs: %j', (options, message) => {
      expect(() => consume(opened.client, q, 'mail', {}, () => 1, options)).toThrow(message);
      expect(() => consume(opened.client, q, 'mail', {}, undefined!)).toThrow(
        /^handler: got \w+; expected a function/,
      );
    });

    test('a page or an age that is none is refused before any letter is touched', async () => {
      const operator = deadLetters(opened.client, q, 'mail');
      await expect(operator.list({ limit: -1 })).rejects.toThrow(RangeError);
      await expect(operator.purge({ olderThan: 5 } as object)).rejects.toThrow(
        'olderThan: got 5; use olderThanMs',
      );
    });

    /**
     * One job that fails once and then succeeds and one that never does, worked off through a client that has a fault at
     * its n-th statement; afterwards a healthy consumer takes what is left.
     */
    async function survives(kind: Fault, n: number): Promise<boolean> {
      await opened.client.query(`delete from "${table}"`);
      await opened.client.query(`delete from "${table}_dead"`);
      const runs = new Map<string, number[]>();
      const handler = (job: TableJob<any>, { attempt }: { attempt: number }): void => {
        runs.set(job.id, [...(runs.get(job.id) ?? []), attempt]);
        if (job.payload === 'hopeless' || attempt === 1) throw new Error('flaky');
      };
      const ids = [await add('flaky'), await add('hopeless')];
      const client = faulty(opened.client, kind, n);
      const policy = { maxRetries: 2, baseDelayMs: 0 };
      const options = { leaseMs: 60, concurrency: 1, onError: () => undefined };
      const first = start(policy, handler, options, client);
      let second: Consumer | undefined;
      if (kind.startsWith('dead')) {
        await Promise.race([client.hit, vi.waitFor(() => settled(ids), { timeout: 20_000, interval: 5 })]);
        second = start(policy, handler, options);
      }
      await vi.waitFor(() => settled(ids), { timeout: 20_000, interval: 5 });
      for (const id of ids) {
        const { state, attempt, history } = await row(id);
        const attempts = runs.get(id) ?? [];
        expect(attempts.length).toBeLessThanOrEqual(3);
        expect(new Set(attempts).size).toBe(attempts.length);
        expect(history.map((entry: any) => entry.attempt)).toEqual(
          Array.from({ length: attempt }, (_, index) => index + 1),
        );
        const written = (await letters().list()).filter((letter) => letter.id === id);
        expect(written).toHaveLength(state === 'dead' ? 1 : 0);
      }
      await Promise.all([first.stop({ timeoutMs: 0 }), second?.stop()]);
      return client.wasHit;
    }

    const settled = async (ids: string[]): Promise<void> => {
      for (const id of ids) expect((await row(id)).state).toMatch(/done|dead/);
    };

    test.each<[Fault, string]>([
      ['not sent', 'a statement never reaches the server'],
      ['not answered', 'the answer to a statement is lost'],
      ['refused', 'a statement is refused'],
      ['dead', 'the process dies before a statement'],
      ['dead after', 'the process dies after a statement'],
    ])(
      'no job is lost and none runs too often, %s, whichever it is: %s',
      { timeout: 120_000 },
      async (kind) => {
        let n = 1;
        while (await survives(kind, n)) n++;
        // Two claims for each of five attempts at least, and a settle.
        expect(n).toBeGreaterThan(10);
      },
    );
  });
}
