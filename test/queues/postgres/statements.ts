import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SqlClient, Statement } from '../../../src/queues/postgres/client.js';
import { NOT_RUN, type TableJob } from '../../../src/queues/postgres/job.js';
import type { TableQueue } from '../../../src/queues/postgres/table-queue.js';
import { tableQueue } from '../../../src/queues/postgres/table.js';

export interface Opened {
  readonly client: SqlClient;
  close(): Promise<void>;
}

let tables = 0;

/** The promises of each statement, on any client: in-process Postgres in the unit tests, real servers elsewhere. */
export function describeStatements(name: string, open: () => Promise<Opened>): void {
  describe(`the statements on ${name}`, () => {
    let opened: Opened;
    let q: TableQueue;
    let table: string;

    const run = async <Row = any>({ text, values }: Statement): Promise<Row[]> =>
      (await opened.client.query(text, values)).rows;
    const claim = async (limit = 1, leaseMs = 60_000): Promise<TableJob<any>[]> =>
      run(q.claim('mail', limit, 'w1', leaseMs));
    const claimOne = async (leaseMs?: number): Promise<TableJob<any>> => (await claim(1, leaseMs))[0]!;
    const add = async (...[payload, delayMs = 0]: [payload?: unknown, delayMs?: number]): Promise<string> =>
      (await run<{ id: string }>(q.add('mail', payload, { delayMs })))[0]!.id;
    const row = async (id: string): Promise<any> =>
      (await opened.client.query(`select * from "${table}" where id = $1`, [id])).rows[0];
    const dueMs = async (): Promise<number | null> =>
      (await run<{ dueMs: number | null }>(q.nextDue('mail')))[0]!.dueMs;
    const letters = async (): Promise<any[]> => run(q.dead('mail', 100, 0));
    /** A lease of the past: as if its worker had died long ago. */
    const expire = (id: string): Promise<unknown> =>
      opened.client.query(`update "${table}" set lease_until = now() - interval '1 second' where id = $1`, [
        id,
      ]);

    beforeAll(async () => {
      opened = await open();
    }, 60_000);
    afterAll(() => opened.close());
    beforeEach(async () => {
      table = `jobs_${++tables}`;
      q = tableQueue({ table });
      await run(q.schema());
    });

    test('the schema can be created again and again', async () => {
      await run(q.schema());
      expect(await add()).toMatch(/^\d+$/);
      await run(q.schema());
      expect(await claim()).toHaveLength(1);
    });

    test('a table that was there before gets the columns it lacks, under the names it is told', async () => {
      await opened.client.query(
        `create table "Old ""Jobs"" ${table}" ("Key" uuid primary key default gen_random_uuid(), topic text not null, body jsonb not null, attempts int not null default 0)`,
      );
      q = tableQueue({
        table: `Old "Jobs" ${table}`,
        dead: `graveyard_${table}`,
        columns: { id: 'Key', queue: 'topic', payload: 'body', attempt: 'attempts' },
      });
      await run(q.schema());
      await run(q.schema());
      const id = await add({ to: 'ada' });
      const job = await claimOne();
      expect(job).toMatchObject({ id, queue: 'mail', payload: { to: 'ada' }, attempt: 1, fence: 1 });
      expect(await run(q.bury(job, 'not-retryable', { error: new Error('no') }))).toHaveLength(1);
      expect(await letters()).toMatchObject([{ id, payload: { to: 'ada' }, attempts: 1 }]);
      expect(await run(q.redrive('mail', id))).toHaveLength(1);
      expect(await claimOne()).toMatchObject({ id, attempt: 1, fence: 2, history: [] });
    });

    test('tables may be in a schema of their own, each in another', async () => {
      await opened.client.query('create schema if not exists "My App"');
      await opened.client.query('create schema if not exists attic');
      q = tableQueue({ table: `My App.${table}`, dead: `attic.${table}` });
      await run(q.schema());
      await run(q.schema());
      const { rows } = await opened.client.query(
        `select indexname as name from pg_indexes where schemaname = 'My App' and tablename = $1 order by 1`,
        [table],
      );
      expect(rows.map(({ name: index }) => index)).toEqual([
        `${table}_due`,
        `${table}_lease`,
        `${table}_pkey`,
      ]);
      const id = await add();
      await run(q.bury(await claimOne(), 'not-retryable'));
      expect(await letters()).toMatchObject([{ id }]);
      expect(await run(q.redrive('mail', id))).toHaveLength(1);
    });

    test('a claim raises attempt and fence, and takes jobs in the order in which they are due', async () => {
      const ids = [await add('a'), await add('b'), await add('c')];
      const jobs = await claim(2);
      expect(jobs.map(({ id, payload }) => [id, payload])).toEqual([
        [ids[0], 'a'],
        [ids[1], 'b'],
      ]);
      expect(jobs[0]).toMatchObject({ queue: 'mail', attempt: 1, fence: 1, history: [] });
      expect(jobs[0]!.elapsedMs).toBeGreaterThanOrEqual(0);
      expect((await claim(2)).map(({ id }) => id)).toEqual([ids[2]]);
      expect(await claim(2)).toEqual([]);
    });

    test('jobs that were due together come in the order of their ids, as numbers', async () => {
      await opened.client.query(
        `insert into "${table}" (queue, payload) select 'mail', to_jsonb(n) from generate_series(1, 12) as n`,
      );
      expect((await claim(12)).map(({ payload }) => payload)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
      ]);
    });

    test('a job is claimed neither before it is due nor for another queue', async () => {
      await add('later', 60_000);
      await run(q.add('other', 'elsewhere'));
      expect(await claim(5)).toEqual([]);
      expect(await run(q.claim('other', 5, 'w', 1_000))).toHaveLength(1);
    });

    test('a job whose lease has run out is taken over at once, and the lost attempt is in its history', async () => {
      const id = await add();
      await claimOne();
      expect(await claim()).toEqual([]);
      await expire(id);
      const again = await claimOne();
      expect(again).toMatchObject({ id, attempt: 2, fence: 2 });
      expect(again.history).toMatchObject([{ attempt: 1, outcome: 'stalled', fence: 1, worker: 'w1' }]);
      expect(again.history[0]!.settledAtMs).toBeGreaterThanOrEqual(again.history[0]!.startedAtMs!);
    });

    test('jobs of dead workers come before those that are due', async () => {
      const lost = await add('lost');
      await claimOne();
      await add('due');
      await expire(lost);
      expect((await claim(1)).map(({ id }) => id)).toEqual([lost]);
      expect((await claim(1)).map(({ payload }) => payload)).toEqual(['due']);
    });

    test('a claim takes no more than it was asked for, lost jobs and due ones together', async () => {
      const lost = [await add('lost 1'), await add('lost 2'), await add('lost 3')];
      await claim(3);
      for (const id of lost) await expire(id);
      for (const payload of ['due 1', 'due 2']) await add(payload);
      const claimed = async (): Promise<string[]> => (await claim(2)).map(({ payload }) => String(payload));
      const payloads = [await claimed(), await claimed(), await claimed()];
      expect(payloads.map(({ length }) => length)).toEqual([2, 2, 1]);
      expect(payloads[0]!.every((payload) => payload.startsWith('lost'))).toBe(true);
      expect(payloads.flat().toSorted((a, b) => a.localeCompare(b))).toEqual([
        'due 1',
        'due 2',
        'lost 1',
        'lost 2',
        'lost 3',
      ]);
    });

    test('complete ends a job, with its last attempt in the history', async () => {
      const id = await add();
      const job = await claimOne();
      expect(await run(q.complete(job, { durationMs: 12 }))).toEqual([{ id }]);
      expect(await row(id)).toMatchObject({
        state: 'done',
        attempt: 1,
        worker: null,
        lease_until: null,
        history: [{ attempt: 1, outcome: 'done', durationMs: 12, fence: 1, worker: 'w1' }],
      });
      expect((await row(id)).finished_at).toBeInstanceOf(Date);
      expect(await claim()).toEqual([]);
    });

    test('retry makes the job due exactly the delay after the attempt was settled, on the database clock', async () => {
      const id = await add();
      for (const delayMs of [0, 1, 1_500, 86_400_000]) {
        await opened.client.query(`update "${table}" set run_at = now() where id = $1`, [id]);
        const job = await claimOne();
        expect(await run(q.retry(job, delayMs, { error: new Error('flaky') }))).toEqual([{ id }]);
        const { rows } = await opened.client.query(
          `select extract(epoch from run_at)::float8 * 1000 - (history -> -1 ->> 'settledAtMs')::float8 as delay from "${table}" where id = $1`,
          [id],
        );
        expect(Math.abs(rows[0].delay - delayMs)).toBeLessThan(0.01);
      }
      const { history } = await row(id);
      expect(history).toHaveLength(4);
      expect(history[3]).toMatchObject({
        attempt: 4,
        outcome: 'retry',
        delayMs: 86_400_000,
        error: { name: 'Error', message: 'flaky' },
      });
    });

    test('the longest delay there is can be stored, and is never claimed', async () => {
      const id = await add();
      const job = await claimOne();
      expect(await run(q.retry(job, Number.MAX_SAFE_INTEGER))).toEqual([{ id }]);
      expect(await claim()).toEqual([]);
      const [next] = await run<{ dueMs: number }>(q.nextDue('mail'));
      expect(next!.dueMs).toBeGreaterThan(9e15);
    });

    test('bury ends the job and writes its dead letter', async () => {
      const id = await add({ to: 'ada' });
      await run(q.retry(await claimOne(), 0, { error: new Error('first') }));
      const job = await claimOne();
      const error = Object.assign(new TypeError('last'), { code: 'E_LAST' });
      expect(await run(q.bury(job, 'retries-exhausted', { error }))).toEqual([{ id }]);
      expect(await row(id)).toMatchObject({ state: 'dead', attempt: 2 });
      const [letter] = await letters();
      expect(letter).toMatchObject({
        queue: 'mail',
        id,
        payload: { to: 'ada' },
        reason: 'retries-exhausted',
        attempts: 2,
        history: [
          { attempt: 1, outcome: 'retry', error: { message: 'first' } },
          {
            attempt: 2,
            outcome: 'dead',
            reason: 'retries-exhausted',
            error: { name: 'TypeError', message: 'last', code: 'E_LAST' },
          },
        ],
      });
      const { rows } = await opened.client.query(`select * from "${table}_dead"`);
      expect(rows[0]).toMatchObject({ error: { message: 'last' } });
      expect(rows[0].first_failed_at.getTime()).toBe(Math.floor(letter.history[0].settledAtMs));
      expect(rows[0].last_failed_at.getTime()).toBe(Math.floor(letter.history[1].settledAtMs));
    });

    test('a job buried without a run has as many attempts as its history has entries', async () => {
      const id = await add();
      await claimOne();
      await expire(id);
      const job = await claimOne();
      expect(await run(q.bury(job, 'stalled', NOT_RUN))).toEqual([{ id }]);
      expect(await row(id)).toMatchObject({
        state: 'dead',
        attempt: 1,
        fence: expect.anything(),
        history: [{ outcome: 'stalled' }],
      });
      expect(await letters()).toMatchObject([
        { id, reason: 'stalled', attempts: 1, history: [{ attempt: 1 }] },
      ]);
    });

    test('a success that could not be recorded is in the history of a job buried as stalled', async () => {
      const id = await add();
      await run(q.bury(await claimOne(), 'stalled', { outcome: 'done', durationMs: 3 }));
      expect(await letters()).toMatchObject([
        { id, reason: 'stalled', attempts: 1, history: [{ outcome: 'done', durationMs: 3 }] },
      ]);
    });

    test('release gives the attempt back and keeps the fence; the next claim has a new one', async () => {
      const id = await add();
      const first = await claimOne();
      expect(await run(q.release(first))).toEqual([{ id }]);
      expect(await row(id)).toMatchObject({ state: 'ready', attempt: 0, history: [], worker: null });
      expect(await claimOne()).toMatchObject({ id, attempt: 1, fence: first.fence + 1 });
    });

    test('a heartbeat puts the end of the lease off', async () => {
      const id = await add();
      const job = await claimOne(50);
      expect(await run(q.heartbeat(job, 60_000))).toEqual([{ id }]);
      const [next] = await run<{ dueMs: number }>(q.nextDue('mail'));
      expect(next!.dueMs).toBeGreaterThan(50_000);
      expect(next!.dueMs).toBeLessThanOrEqual(60_000);
    });

    test.each(['after a take-over', 'after a release and a new claim', 'after a release'])(
      'nothing done under a stale fence changes anything, %s',
      async (when) => {
        const id = await add();
        const stale = await claimOne();
        if (when === 'after a take-over') await expire(id);
        else await run(q.release(stale));
        const current = when === 'after a release' ? undefined : await claimOne();
        const before = await row(id);
        const attempts = [
          q.complete(stale),
          q.retry(stale, 0, { error: new Error('late') }),
          q.bury(stale, 'not-retryable', { error: new Error('late') }),
          q.bury(stale, 'stalled', NOT_RUN),
          q.release(stale),
          q.heartbeat(stale, 1_000),
        ];
        for (const statement of attempts) expect(await run(statement)).toEqual([]);
        expect(await row(id)).toEqual(before);
        expect(await letters()).toEqual([]);
        if (current) {
          expect(await run(q.complete(current))).toHaveLength(1);
          expect(await run(q.complete(current))).toEqual([]);
        }
      },
    );

    test('a settled job cannot be settled again under the same fence', async () => {
      const settles: ((job: TableJob) => Statement)[] = [
        (job) => q.complete(job),
        (job) => q.retry(job, 0),
        (job) => q.bury(job, 'not-retryable'),
        (job) => q.release(job),
      ];
      for (const settle of settles) {
        await opened.client.query(`delete from "${table}"`);
        await add();
        const job = await claimOne();
        expect(await run(settle(job))).toHaveLength(1);
        for (const again of settles) expect(await run(again(job))).toEqual([]);
      }
    });

    test('nextDue tells when the next job is due or the next lease ends, and nothing where there is nothing', async () => {
      expect(await dueMs()).toBeNull();
      await add('later', 60_000);
      expect(await dueMs()).toBeGreaterThan(50_000);
      await add('now');
      expect(await dueMs()).toBe(0);
      await claimOne(30_000);
      expect(await dueMs()).toBeGreaterThan(20_000);
      expect(await dueMs()).toBeLessThanOrEqual(30_000);
    });

    test('a redriven job begins anew under a higher fence', async () => {
      const id = await add({ n: 1 });
      const job = await claimOne();
      await run(q.bury(job, 'not-retryable', { error: new Error('no') }));
      expect(await run(q.redrive('mail', '999999'))).toEqual([]);
      expect(await run(q.redrive('mail', id))).toEqual([{ id }]);
      expect(await letters()).toEqual([]);
      expect(await run(q.redrive('mail', id))).toEqual([]);
      const again = await claimOne();
      expect(again).toMatchObject({
        id,
        attempt: 1,
        fence: job.fence + 1,
        history: [],
        payload: { n: 1 },
      });
      await run(q.bury(again, 'retries-exhausted', { error: new Error('still no') }));
      expect(await letters()).toMatchObject([{ id, reason: 'retries-exhausted', attempts: 1 }]);
    });

    test('a letter whose job has been deleted makes it anew: same id, same payload, a fence nobody has had', async () => {
      for (const payload of [{ n: 1 }, 'text', [null]]) {
        const id = await add(payload);
        const lost = await claimOne();
        await expire(id);
        const job = await claimOne();
        await run(q.bury(job, 'not-retryable', { error: new Error('no') }));
        const { created_at: createdAt } = await row(id);
        await opened.client.query(`delete from "${table}"`);
        expect(await run(q.redrive('mail', id))).toEqual([{ id }]);
        expect(await letters()).toEqual([]);
        expect(await run(q.redrive('mail', id))).toEqual([]);
        expect(await row(id)).toMatchObject({ state: 'ready', created_at: createdAt });
        const again = await claimOne();
        expect(again).toMatchObject({ id, attempt: 1, history: [], payload });
        expect(again.fence).toBeGreaterThan(job.fence);
        for (const stale of [lost, job]) expect(await run(q.complete(stale))).toEqual([]);
        expect(await run(q.complete(again))).toHaveLength(1);
      }
    });

    test.each(['99999999999999999999', 'no such id', '', '-1', '1e3'])(
      'what cannot be an id is the id of no letter: %j',
      async (id) => {
        await add();
        await run(q.bury(await claimOne(), 'not-retryable'));
        expect(await run(q.redrive('mail', id))).toEqual([]);
        expect(await letters()).toHaveLength(1);
      },
    );

    test.each<[string, string, unknown]>([
      ['text', `'{"a": 1}'`, '{"a": 1}'],
      ['text', `null`, null],
      ['varchar(20) not null', `'null'`, 'null'],
      ['json', `'[1]'`, [1]],
      ['jsonb', `'{"a": 1}'`, { a: 1 }],
      ['jsonb', `null`, null],
      ['integer', `7`, 7],
    ])(
      'a job of a table of your own can die, and be redriven, with a payload %s %s',
      async (type, sql, payload) => {
        await opened.client.query(`drop table "${table}", "${table}_dead"`);
        await opened.client.query(
          `create table "${table}" (id text primary key, queue text not null, payload ${type}, tries int, fence int, history jsonb, created_at timestamp)`,
        );
        await run(q.schema());
        await opened.client.query(
          `insert into "${table}" (id, queue, payload) values ('a/7', 'mail', ${sql})`,
        );
        const job = await claimOne();
        expect(job.payload).toEqual(payload);
        for (const isGone of [false, true]) {
          const dying = isGone ? await claimOne() : job;
          expect(await run(q.bury(dying, 'retries-exhausted', { error: 'no' }))).toHaveLength(1);
          expect(await letters()).toMatchObject([{ id: 'a/7', payload, attempts: 1 }]);
          if (isGone) await opened.client.query(`delete from "${table}"`);
          expect(await run(q.redrive('mail', 'a/7'))).toEqual([{ id: 'a/7' }]);
          expect((await row('a/7')).payload).toEqual(payload);
        }
      },
    );

    test('a job that somebody has made ready by hand is not redriven while it runs', async () => {
      const id = await add();
      await run(q.bury(await claimOne(), 'not-retryable'));
      await opened.client.query(`update "${table}" set state = 'ready' where id = $1`, [id]);
      const job = await claimOne();
      expect(await run(q.redrive('mail', id))).toEqual([]);
      expect(await run(q.complete(job))).toHaveLength(1);
    });

    test('purge removes the letters of that age, and their jobs', async () => {
      await add();
      await run(q.bury(await claimOne(), 'not-retryable'));
      await add();
      expect(await run(q.purge('mail', 3_600_000))).toEqual([]);
      expect(await run(q.purge('mail', 0))).toHaveLength(1);
      expect(await letters()).toEqual([]);
      const { rows } = await opened.client.query(`select state from "${table}"`);
      expect(rows).toEqual([{ state: 'ready' }]);
    });

    test('a job and a settle made in a transaction that is rolled back were never made', async () => {
      const kept = await add('kept');
      const job = await claimOne();
      await opened.client.query('begin');
      await add('gone');
      await run(q.complete(job));
      await opened.client.query('rollback');
      expect(await row(kept)).toMatchObject({ state: 'running' });
      expect(await claim()).toEqual([]);
      expect(await run(q.complete(job))).toHaveLength(1);
    });

    test.each<[string, unknown]>([
      ['null', null],
      ['undefined, as null', undefined],
      ['a text', 'plain'],
      ['a number', 1.5e300],
      ['one character of every plane, quotes and escapes', everyPlane()],
      ['an array of everything', [null, true, 0, -1, '', {}, [], { a: [{}] }]],
      ['keys of any kind', { '': 1, constructor: 3, 'a\'b"c\\d': 4, '\u{1F600}': 5 }],
      ['a thousand levels', nested(1_000)],
    ])('a payload survives: %s', async (_what, payload) => {
      const id = await add(payload);
      expect((await claimOne()).payload).toEqual(payload ?? null);
      expect(await row(id)).toMatchObject({ state: 'running' });
    });

    test('a payload of ten megabytes survives', async () => {
      const payload = { text: 'Ωé\n'.repeat(2_000_000) };
      await add(payload);
      expect((await claimOne()).payload.text === payload.text).toBe(true);
    });

    test.each<[string, unknown, RegExp]>([
      ['NUL', { deep: ['a\0b'] }, /NUL/],
      ['NUL in a key', { 'a\0b': 1 }, /NUL/],
      ['half of a surrogate pair', '\uD83D', /surrogate/],
      ['1 001 levels', nested(1_001), /deeper than 1000 levels/],
      ['a hundred thousand levels', nested(100_000), /deep/],
      ['a bigint', 1n, /JSON/],
      ['a function', () => 1, /JSON/],
    ])('a payload that cannot be stored is refused with the reason: %s', async (_what, payload, reason) => {
      expect(() => q.add('mail', payload)).toThrow(TypeError);
      expect(() => q.add('mail', payload)).toThrow(reason);
      expect(await claim()).toEqual([]);
    });

    test('whatever was thrown can be written to the history', async () => {
      const thrown = [
        undefined,
        null,
        'nul \0 and half \uD800',
        Object.assign(new Error('x\0y'), { stack: 'z\0'.repeat(1_000_000) }),
        nested(100_000),
        Object.freeze(new Error('frozen')),
      ];
      const id = await add();
      for (const error of thrown) await run(q.retry(await claimOne(), 0, { error }));
      expect(await run(q.bury(await claimOne(), 'not-retryable', { error: '\0' }))).toHaveLength(1);
      expect((await row(id)).history).toHaveLength(thrown.length + 1);
      expect((await row(id)).history.every(({ error }: any) => typeof error.message === 'string')).toBe(true);
    });

    test('names that try to be statements stay names', async () => {
      const nasty = `x"; drop table ${table}; --`;
      const $ = `$ostinato$ '${table}'`;
      for (const odd of [nasty, $, `it's`, 'select', 'ДЖОБС', '😀', `a\\b`]) {
        const own = tableQueue({
          table: odd,
          columns: { payload: `${odd} p`, history: `${odd} h` },
        });
        await run(own.schema());
        const [{ id } = { id: '' }] = await run<{ id: string }>(own.add(nasty, { odd }));
        const [job] = await run<TableJob>(own.claim(nasty, 1, nasty, 1_000));
        expect(job).toMatchObject({ id, queue: nasty, payload: { odd } });
        expect(await run(own.bury(job!, 'not-retryable', { error: nasty }))).toHaveLength(1);
        expect(await run(own.dead(nasty, 10, 0))).toHaveLength(1);
      }
      expect(await add()).toMatch(/^\d+$/);
    });
  });
}

/** The first and the last character of every plane that is not half of a pair; U+0000 left out. */
function everyPlane(): string {
  const text = ['"\\/\b\f\n\r\t\u0001\u001f\u007f\u2028\u2029\uFEFF\uFFFF\uE000'];
  for (let plane = 0; plane <= 16; plane++) {
    text.push(String.fromCodePoint(plane * 0x10000 + 1), String.fromCodePoint(plane * 0x10000 + 0xfffd));
  }
  return text.join('');
}

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
