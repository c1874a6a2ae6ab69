import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  attemptsTable,
  type Begun,
  beginValues,
  begunClaims,
  type Claim,
  deadKeys,
  histories,
  hookErrorValues,
  jobKeys,
  releaseValues,
  settleValues,
} from '../../src/queues/attempts-table.js';
import { quoteIdentifier } from '../../src/queues/identifier.js';
import type { HistoryRow } from '../../src/queues/types.js';
import { runs } from '../support/runs.js';

const client = new PGlite();
const table = attemptsTable('Attempts of "ours"');
let id = 0;

beforeAll(async () => {
  expect((await client.query(table.exists)).rows).toEqual([{ found: false }]);
  await client.exec(table.schema);
  await client.exec(table.schema);
  expect((await client.query(table.exists)).rows).toEqual([{ found: true }]);
}, 30_000);
afterAll(() => client.close());

/** On the database's clock, at least two milliseconds after and before everything else. */
async function now(): Promise<number> {
  const { rows } = await client.query<{ now: number }>(
    `select (extract(epoch from clock_timestamp()) * 1000)::float8 as now, pg_sleep(0.002) from pg_sleep(0.002)`,
  );
  return rows[0]?.now ?? NaN;
}

/** The claims of a job of its own. */
function job() {
  const key = { queue: 'mail', id: `job ${++id}` };
  const claim = (fence: number): Claim => ({ id: key.id, fence });
  return {
    begin: async (fence: number, dueAt?: Date, more: Partial<Claim> = {}): Promise<Begun> => {
      const { rows } = await client.query<any>(
        table.begin,
        beginValues('mail', [{ ...claim(fence), dueAt, ...more }]),
      );
      return begunClaims(rows).get(key.id) ?? expect.fail('no row');
    },
    settle: async (fence: number, record: Partial<HistoryRow> & Pick<HistoryRow, 'outcome'>) =>
      (await client.query(table.settle, settleValues('mail', claim(fence), { attempt: 0, ...record }))).rows
        .length,
    release: (fence: number) => client.query(table.release, releaseValues('mail', claim(fence))),
    id: key.id,
    rows: async () => histories((await client.query<any>(table.history, jobKeys([key]))).rows)(key),
    history: async (diedAtMs = Infinity) => {
      const { rows } = await client.query<any>(table.history, jobKeys([key]));
      return histories(rows)({ ...key, diedAtMs }).map(({ attempt, outcome }) => [attempt, outcome]);
    },
    forget: async (diedAtMs?: number) =>
      client.query(table.forget, deadKeys([{ ...key, diedAtMs: diedAtMs ?? (await now()) }])),
  };
}

test('the attempt is the claim, less those that were given back', async () => {
  const { begin, settle, release, history } = job();
  expect((await begin(1)).attempt).toBe(1);
  await release(1);
  expect((await begin(2)).attempt).toBe(1);
  await settle(2, { outcome: 'retry' });
  expect((await begin(3)).attempt).toBe(2);
  await release(3);
  expect((await begin(4)).attempt).toBe(2);
  await settle(4, { outcome: 'done' });
  expect(await history()).toEqual([
    [1, 'retry'],
    [2, 'done'],
  ]);
});

test('claims that nobody lived to begin are attempts, and get their rows', async () => {
  const { begin, release, history } = job();
  await begin(1);
  await release(1);
  expect((await begin(4)).attempt).toBe(3);
  expect(await history()).toEqual([
    [1, 'stalled'],
    [2, 'stalled'],
    [3, 'stalled'],
  ]);
});

test('a claim that is begun twice, because the first answer was lost, is one', async () => {
  const { begin, history } = job();
  expect(await begin(1)).toMatchObject({ attempt: 1 });
  expect(await begin(1)).toMatchObject({ attempt: 1 });
  expect(await history()).toEqual([[1, 'stalled']]);
});

test('what a claim says after the next has begun changes nothing', async () => {
  const { begin, settle, history } = job();
  await begin(1);
  await begin(2);
  expect(await settle(1, { outcome: 'dead', reason: 'not-retryable' })).toBe(0);
  expect(await settle(2, { outcome: 'retry' })).toBe(1);
  expect(await history()).toEqual([
    [1, 'stalled'],
    [2, 'retry'],
  ]);
});

test('time is counted from when the job was first due, whatever a later claim says', async () => {
  const { begin, settle } = job();
  const firstDue = new Date(Date.now() - 60_000);
  expect((await begin(1, firstDue)).elapsedMs).toBeGreaterThanOrEqual(59_000);
  await settle(1, { outcome: 'retry' });
  const { elapsedMs } = await begin(2, new Date());
  expect(elapsedMs).toBeGreaterThanOrEqual(59_000);
  expect(elapsedMs).toBeLessThan(90_000);
});

test.each(['made anew', 'counted from 1 again'])(
  'a job that is %s under its id has nothing of its earlier life',
  async (how) => {
    const { begin, settle, release, history } = job();
    await begin(1, new Date(Date.now() - 60_000));
    await release(1);
    await begin(3);
    await settle(3, { outcome: 'dead', reason: 'not-retryable' });
    const diedAtMs = await now();
    const at = new Date(diedAtMs);
    const mark = how === 'made anew' ? { bornAt: at } : { bornAt: new Date(0), claimedAt: at };
    const first = await begin(1, at, mark);
    expect(first).toEqual({
      attempt: 1,
      elapsedMs: expect.any(Number),
      before: { isDecided: false, lost: 0 },
    });
    expect(first.elapsedMs).toBeLessThan(30_000);
    await release(1);
    const later = { ...mark, ...(mark.claimedAt && { claimedAt: new Date(await now()) }) };
    expect(await begin(2, undefined, later)).toMatchObject({ attempt: 1 });
    expect(await settle(2, { outcome: 'retry' })).toBe(1);
    expect(await history()).toEqual([[1, 'retry']]);
    expect(await history(diedAtMs)).toEqual([
      [1, 'stalled'],
      [2, 'dead'],
    ]);
  },
);

test('a third life has nothing of the first two, and the letter of each its own history', async () => {
  const { begin, settle, history, forget } = job();
  const deaths: number[] = [];
  for (const outcome of ['dead', 'done', 'retry'] as const) {
    const claimedAt = new Date(await now());
    expect(await begin(1, undefined, { claimedAt })).toMatchObject({ attempt: 1 });
    expect(await begin(2, undefined, { claimedAt: new Date(await now()) })).toMatchObject({ attempt: 2 });
    expect(await settle(2, { outcome })).toBe(1);
    deaths.push(await now());
  }
  const told = await Promise.all(deaths.map((diedAtMs) => history(diedAtMs)));
  expect(told.map((rows) => rows.at(-1))).toEqual([
    [2, 'dead'],
    [2, 'done'],
    [2, 'retry'],
  ]);
  await forget(deaths[1]);
  expect(await history(deaths[0])).toEqual(await history());
  expect(await history()).toEqual([
    [1, 'stalled'],
    [2, 'retry'],
  ]);
});

test('a life of which nobody lived to begin the first claim is told from the earlier one, too', async () => {
  const { begin, settle, history } = job();
  for (const fence of [1, 2, 3]) {
    await begin(fence);
    await settle(fence, { outcome: 'retry' });
  }
  expect(await begin(2, undefined, { claimedAt: new Date(await now()) })).toMatchObject({ attempt: 2 });
  expect(await settle(2, { outcome: 'done' })).toBe(1);
  expect(await history()).toEqual([
    [1, 'stalled'],
    [2, 'done'],
  ]);
});

test('a first claim that crashed in an earlier life leaves its time there', async () => {
  const { begin } = job();
  await begin(1, new Date(Date.now() - 60_000));
  const claimedAt = new Date(await now());
  expect((await begin(1, claimedAt, { claimedAt })).elapsedMs).toBeLessThan(30_000);
});

test('a claim that is begun again, or long after it was taken over, sets nothing aside', async () => {
  const { begin, settle, release, history } = job();
  const marks: Partial<Claim>[] = [];
  const claim = async (fence: number): Promise<Begun> => {
    marks[fence] = { bornAt: new Date(0), claimedAt: new Date(await now()) };
    return begin(fence, undefined, marks[fence]);
  };
  await claim(1);
  await release(1);
  await claim(2);
  // A host whose own clock is ahead of the database's.
  const ahead = { claimedAt: new Date(Date.now() + 60_000) };
  expect(await begin(2, undefined, ahead)).toMatchObject({ attempt: 1 });
  await claim(3);
  await begin(1, undefined, marks[1]);
  await begin(2, undefined, marks[2]);
  expect(await settle(3, { outcome: 'done' })).toBe(1);
  expect(await history()).toEqual([
    [1, 'stalled'],
    [2, 'done'],
  ]);
});

test('a job that is due in the future by its own word has waited for no time', async () => {
  expect((await job().begin(1, new Date(Date.now() + 60_000))).elapsedMs).toBe(0);
});

test('an end that was decided and never told is found by the next claim', async () => {
  const { begin, settle, release } = job();
  await begin(1);
  const error = { name: 'CardError', message: 'declined' };
  await settle(1, { outcome: 'dead', reason: 'not-retryable', error });
  expect((await begin(2)).decided).toEqual({ reason: 'not-retryable', error });
  await release(2);
  expect(await begin(3)).toMatchObject({ attempt: 2, decided: { reason: 'not-retryable' } });
});

test('a claim knows whether the attempt before was decided on, and how many in a row were lost', async () => {
  const { begin, settle, release } = job();
  const before = async (fence: number) => (await begin(fence)).before;
  expect(await before(1)).toEqual({ isDecided: false, lost: 0 });
  await settle(1, { outcome: 'retry' });
  expect(await before(2)).toEqual({ isDecided: true, lost: 0 });
  // Its worker died.
  expect(await before(3)).toEqual({ isDecided: false, lost: 1 });
  await settle(3, { outcome: 'retry' });
  // Lost once, and failed normally since.
  expect(await before(4)).toEqual({ isDecided: true, lost: 0 });
  await release(4);
  expect(await before(5)).toEqual({ isDecided: true, lost: 0 });
  // The next two died before they could begin.
  expect(await before(8)).toEqual({ isDecided: false, lost: 3 });
  await release(8);
  // A released claim has reported what was lost before it.
  expect(await before(9)).toEqual({ isDecided: false, lost: 0 });
  await settle(9, { outcome: 'done' });
  expect(await before(10)).toEqual({ isDecided: false, lost: 0 });
});

test('what an observer threw about an earlier attempt is kept with that attempt', async () => {
  const { begin, settle, release, id: jobId, rows } = job();
  await begin(1);
  await release(1);
  await begin(2);
  await begin(3);
  const errors = new Map([[1, { name: 'Error', message: 'metrics are down' }]]);
  for (const values of hookErrorValues('mail', jobId, errors))
    await client.query(table.keepHookError, values);
  await settle(3, { outcome: 'done' });
  expect(await rows()).toMatchObject([
    { attempt: 1, outcome: 'stalled', hookError: { name: 'Error', message: 'metrics are down' } },
    { attempt: 2, outcome: 'done' },
  ]);
});

test('one statement begins a whole batch, and one reads the histories of jobs of several queues', async () => {
  const claims = Array.from({ length: 50 }, (_, index) => ({ id: `batch ${index}`, fence: index + 1 }));
  for (const queue of ['a', 'b']) {
    const { rows } = await client.query<any>(table.begin, beginValues(queue, claims));
    expect([...begunClaims(rows).values()].map(({ attempt }) => attempt).toSorted((x, y) => x - y)).toEqual(
      claims.map(({ fence }) => fence),
    );
  }
  const keys = [
    { queue: 'a', id: 'batch 2' },
    { queue: 'b', id: 'batch 4' },
  ];
  const { rows } = await client.query<any>(table.history, jobKeys(keys));
  const historyOf = histories(rows);
  expect(keys.map((key) => historyOf(key).length)).toEqual([3, 5]);
  expect(historyOf({ queue: 'a', id: 'batch 4' })).toEqual([]);
});

test('errors, delays and durations come back as they were', async () => {
  const key = { queue: 'mail', id: 'whole' };
  await client.query(table.begin, beginValues('mail', [{ id: 'whole', fence: 1 }]));
  const record: HistoryRow = {
    attempt: 1,
    outcome: 'retry',
    durationMs: 12,
    delayMs: Number.MAX_SAFE_INTEGER,
    error: { name: 'Error', message: 'é "quoted" \u{1F47E}', code: 7 },
    hookError: { name: 'TypeError', message: 'hook' },
  };
  await client.query(table.settle, settleValues('mail', { id: 'whole', fence: 1 }, record));
  const { rows } = await client.query<any>(table.history, jobKeys([key]));
  const [row] = histories(rows)(key);
  expect(row).toEqual({ ...record, startedAtMs: expect.any(Number) });
  expect(Math.abs((row?.startedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
});

test('a forgotten job has no history', async () => {
  const { begin, forget, history } = job();
  await begin(2);
  await forget();
  expect(await history()).toEqual([]);
});

test('whatever is in a name, it stays one identifier', async () => {
  const names = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 15 })
    .filter((name) => !name.includes('\0') && new TextEncoder().encode(name).length <= 63);
  const attacks = ['x"; drop table users; --', '""', '"', "'", '\\', '%I', '$1', '/*', 'ſ"ſ'];
  await fc.assert(
    fc.asyncProperty(fc.oneof(names, fc.constantFrom(...attacks)), async (name) => {
      const { fields } = await client.query(`select 1 as ${quoteIdentifier(name)}`);
      expect(fields.map((field) => field.name)).toEqual([name]);
    }),
    runs(100),
  );
});

test('a name that is none is refused', () => {
  expect(() => attemptsTable('a.b.c')).toThrow(TypeError);
});
