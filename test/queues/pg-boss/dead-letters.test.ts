import { expect, test } from 'vitest';
import { type DeadBoss, type DeadBossJob, deadLetters } from '../../../src/queues/pg-boss/index.js';

const NOW_MS = 1_000_000;

/** A dead letter queue in memory, listed as pg-boss lists. */
function boss(jobs: DeadBossJob[]) {
  const calls: unknown[] = [];
  const fake: DeadBoss = {
    async findJobs(_name, { limit = 1_000, after } = {}) {
      const from = after === undefined ? 0 : jobs.findIndex(({ id }) => id === after) + 1;
      return jobs.slice(from, from + limit);
    },
    async redrive(_name, options) {
      calls.push(['redrive', options?.ids]);
      return 1;
    },
    async deleteJob(_name, ids) {
      calls.push(['delete', ids.length]);
      return {};
    },
    getDb: () => ({
      executeSql: async (text) => ({ rows: text.includes('as now') ? [{ now: NOW_MS }] : [] }),
    }),
  };
  return { fake, calls };
}

const letter = (index: number, more: Partial<DeadBossJob> = {}): DeadBossJob => ({
  id: `letter ${index}`,
  data: { index },
  createdOn: new Date(index),
  sourceName: 'mail',
  sourceId: `job ${index}`,
  sourceRetryCount: 2,
  sourceOutput: { reason: 'not-retryable', attempts: 1, name: 'Error', message: 'no' },
  ...more,
});

const many = Array.from({ length: 2_500 }, (_, index) => letter(index));

test('letters are listed page by page, past the thousand that pg-boss gives at once', async () => {
  const { fake } = boss(many);
  expect((await deadLetters(fake, 'dead').list()).map(({ id }) => id)).toEqual(
    many.slice(0, 100).map(({ sourceId }) => sourceId),
  );
  const page = await deadLetters(fake, 'dead').list({ limit: 2, offset: 2_400 });
  expect(page.map(({ id, payload }) => [id, payload])).toEqual([
    ['job 2400', { index: 2_400 }],
    ['job 2401', { index: 2_401 }],
  ]);
  expect(await deadLetters(fake, 'dead').list({ offset: 2_500 })).toEqual([]);
});

test('a letter is redriven by the id of the job that died, wherever it is', async () => {
  const { fake, calls } = boss(many);
  expect(await deadLetters(fake, 'dead').redrive('job 2499')).toBe(true);
  expect(await deadLetters(fake, 'dead').redrive('letter 2499')).toBe(false);
  expect(calls).toEqual([['redrive', ['letter 2499']]]);
});

test('purge removes what has been there for that long, and no more', async () => {
  const { fake, calls } = boss([letter(NOW_MS - 5_000), letter(NOW_MS - 4_999)]);
  expect(await deadLetters(fake, 'dead').purge({ olderThanMs: 5_000 })).toBe(1);
  expect(await deadLetters(fake, 'dead').purge({ olderThanMs: 6_000 })).toBe(0);
  expect(calls).toEqual([['delete', 1]]);
});

test('a job that pg-boss ended by itself has stalled, and one that somebody sent there is none of ours', async () => {
  const { fake } = boss([
    letter(1, { sourceOutput: { value: { message: 'job timed out' } } }),
    letter(2, { sourceName: null, sourceId: null }),
  ]);
  expect(await deadLetters(fake, 'dead').list()).toMatchObject([
    { id: 'job 1', reason: 'stalled', attempts: 3, history: [{ outcome: 'stalled' }, {}, {}] },
  ]);
  expect(await deadLetters(fake, 'dead').purge()).toBe(1);
});

test('a page of nothing is empty, and what is no page, age or option is refused', async () => {
  const { fake, calls } = boss(many);
  const letters = deadLetters(fake, 'dead');
  expect(await letters.list({ limit: 0 })).toEqual([]);
  expect(await letters.list({ limit: 1 })).toHaveLength(1);
  for (const page of [{ limit: -1 }, { limit: Infinity }, { offset: 0.5 }])
    await expect(letters.list(page)).rejects.toThrow(RangeError);
  await expect(letters.purge({ olderThan: 5 } as object)).rejects.toThrow(
    'olderThan: got 5; use olderThanMs',
  );
  expect(() => deadLetters(fake, 'dead', { histroy: 'x' } as object)).toThrow(
    'histroy: got "x"; use history',
  );
  expect(calls).toEqual([]);
});
