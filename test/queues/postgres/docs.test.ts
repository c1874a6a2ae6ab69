import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Statement } from '../../../src/queues/postgres/index.js';
import type { TableJob } from '../../../src/queues/postgres/job.js';
import { tableQueue } from '../../../src/queues/postgres/table.js';

/** The part of docs/queues.md about the table. */
const part = readFileSync(new URL('../../../docs/queues.md', import.meta.url), 'utf8')
  .split(/^(?=## )/m)
  .find((section) => section.startsWith('## Your own table'))!;

/** The queries, each under the sentence that introduces it. */
const queries = new Map(
  [...part.matchAll(/\n([^\n]+):\n\n```sql\n(.*?)```/gs)].map(([, what = '', sql = '']) => [what, sql]),
);

const query = (what: RegExp): string => [...queries].find(([title]) => what.test(title))![1];

describe('the documentation of the table queue', () => {
  const client = new PGlite();
  const q = tableQueue({ table: 'jobs' });
  const run = async <Row = any>({ text, values }: Statement): Promise<Row[]> =>
    (await client.query<Row>(text, values)).rows;
  const claim = async (): Promise<TableJob> => (await run<TableJob>(q.claim('mail', 1, 'w1', 60_000)))[0]!;
  const rowsOf = async (what: RegExp): Promise<any[]> => (await client.query(query(what))).rows;

  beforeAll(async () => {
    await run(q.schema());
    // 1 has failed once and succeeded then, 2 is dead, 3 was lost and taken over, 4 is lost now, 5 is due.
    await run(q.add('mail', 'first'));
    await run(q.retry(await claim(), 0, { error: new Error('flaky'), durationMs: 3 }));
    await run(q.complete(await claim(), { durationMs: 5 }));
    await run(q.add('mail', 'second'));
    await run(q.bury(await claim(), 'not-retryable', { error: new RangeError('declined') }));
    for (const payload of ['third', 'fourth']) {
      await run(q.add('mail', payload));
      await claim();
      await client.query(`update jobs set lease_until = now() - interval '1 hour' where state = 'running'`);
      if (payload === 'third') await claim();
    }
    await client.query(`update jobs set lease_until = now() + interval '1 hour' where id = 3`);
    await run(q.add('other', 'fifth'));
    await client.query(`update jobs set run_at = now() - interval '2 hours' where id = 5`);
  }, 60_000);
  afterAll(() => client.close());

  test('it has five queries, and all of them run', async () => {
    expect(queries.size).toBe(5);
    for (const sql of queries.values()) await client.query(sql);
  });

  test('the latest jobs come with what became of them', async () => {
    const rows = await rowsOf(/latest/);
    expect(rows.map(({ id, state, last_error }) => [id, state, last_error])).toEqual([
      [5, 'ready', null],
      [4, 'running', null],
      [3, 'running', null],
      [2, 'dead', 'declined'],
      [1, 'done', null],
    ]);
  });

  test('states are counted for each queue', async () => {
    const rows = await rowsOf(/each state/);
    expect(rows.map(({ queue, state, jobs }) => [queue, state, jobs])).toEqual([
      ['mail', 'dead', 1],
      ['mail', 'done', 1],
      ['mail', 'running', 2],
      ['other', 'ready', 1],
    ]);
    expect(rows[3].overdue).toMatch(/^02:00/);
  });

  test('failed jobs come with reason and error', async () => {
    expect(await rowsOf(/failed/)).toMatchObject([
      { id: '2', reason: 'not-retryable', attempts: 1, error: 'RangeError', message: 'declined' },
    ]);
  });

  test('stalled jobs are those that were lost, and those that are', async () => {
    const rows = await rowsOf(/lost/);
    expect(rows.map(({ id, lost_attempts }) => [id, lost_attempts])).toEqual([
      [3, 1],
      [4, 0],
    ]);
    expect(rows[0].silent_for).toBeNull();
    expect(rows[1].silent_for).toMatch(/^01:00/);
  });

  test('the attempts of a job come with how late each retry was', async () => {
    const rows = await rowsOf(/attempts of a job/);
    expect(rows).toMatchObject([
      {
        attempt: '1',
        outcome: 'retry',
        worker: 'w1',
        duration_ms: 3,
        delay_ms: 0,
        late_ms: null,
        error: 'flaky',
      },
      { attempt: '2', outcome: 'done', worker: 'w1', duration_ms: 5, delay_ms: null, error: null },
    ]);
    expect(rows[1].late_ms).toBeGreaterThanOrEqual(0);
  });

  test('it names every column, with its type', async () => {
    const documented = [...part.matchAll(/^\| `(\w+)` +\| `([\w ]+)` +\|/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    const { rows } = await client.query<{ name: string; type: string }>(
      `select column_name as name, data_type as type from information_schema.columns where table_name = 'jobs' order by ordinal_position`,
    );
    expect(documented).toEqual(rows.map(({ name, type }) => [name, type]));
  });

  test('it names every column of the dead letters', async () => {
    const { rows } = await client.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'jobs_dead' order by ordinal_position`,
    );
    const named = /Dead letters are in `jobs_dead`: (.*?)\. Other/s.exec(part)![1]!;
    expect([...named.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(rows.map(({ name }) => name));
  });
});
