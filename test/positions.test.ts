import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { retryFetch } from '../src/http/index.js';
import { definePolicy, delayRange, reportOf, retry, retryAfter, type Verdict } from '../src/index.js';
import { consume, deadLetters, type SqlClient, tableQueue } from '../src/queues/postgres/index.js';
import { virtualClock } from '../src/testing/index.js';
import { fails, play, returns, steady } from './retry/scenario.js';

// Where libraries differ, we answer once: one test for each question, named after it. (Each answer is proved at length
// elsewhere; here they can be read in one go.)

const boom = new Error('boom');
const refuseAll = (): Verdict => 'retry';

test('what does the number count: retries; attempt numbers start at 1', async () => {
  const story = await play([fails(boom)], { policy: { ...steady, maxRetries: 2 } });
  expect(story.contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
});

test('cap and jitter: both hold at once', () => {
  const policy = definePolicy({ maxDelayMs: 10_000, jitter: 'equal' });
  for (const retryNumber of [4, 10, 1_025, 1_000_000])
    expect(delayRange(policy, retryNumber)).toEqual({ minMs: 5_000, maxMs: 10_000 });
});

test('hint over the limit: stop, keep the error and the hint; never retry early', async () => {
  const busy = retryAfter(new Error('busy'), 300_001);
  const story = await play([fails(busy)]);
  expect(story.startsMs).toEqual([0]);
  expect(story.outcome).toEqual({ error: busy });
  expect(reportOf(busy)).toMatchObject({ reason: 'hint-too-long', hintMs: 300_001 });
});

test('hint in the past, or 0: no shorter than our own backoff', async () => {
  const headers = { 'retry-after': 'Mon, 01 Jan 1990 00:00:00 GMT' };
  const busy = Object.assign(new Error('busy'), { status: 503, headers });
  expect((await play([fails(busy)])).startsMs).toEqual([0, 100, 300, 700]);
  expect((await play([fails(retryAfter(new Error('now'), 0))])).startsMs).toEqual([0, 100, 300, 700]);
});

test('final error: the last one, untouched', async () => {
  const last = Object.freeze(new Error('last'));
  const story = await play([fails(boom), fails(boom), fails(boom), fails(last)]);
  expect('error' in story.outcome && story.outcome.error).toBe(last);
});

test('result-retry exhausted: the last value is returned; onEnd tells', async () => {
  const story = await play([returns('a'), returns('b'), returns('c'), returns('d')], {
    classifyResult: refuseAll,
  });
  expect(story.outcome).toEqual({ value: 'd' });
  expect(story.report).toMatchObject({ ok: false, reason: 'retries-exhausted' });
});

test('thrown non-errors: retried like any failure, returned as they are', async () => {
  for (const thrown of [undefined, null, 0, 'text']) {
    const story = await play([fails(thrown)]);
    expect(story.startsMs).toHaveLength(4);
    expect(story.outcome).toEqual({ error: thrown });
  }
});

test('sleep after the last failure: never', async () => {
  const story = await play([fails(boom, 10)]);
  expect(story.endedMs).toBe(story.startsMs.at(-1)! + 10);
});

test('unreadable Retry-After: ignored, own backoff', async () => {
  for (const value of ['soon', '-1', '1e3', '', 'Fri, 31 Feb 2099 00:00:00 GMT']) {
    const busy = Object.assign(new Error('busy'), { status: 503, headers: { 'retry-after': value } });
    const story = await play([fails(busy)]);
    expect(story.startsMs).toEqual([0, 100, 300, 700]);
    expect(story.report).not.toHaveProperty('hintMs');
  }
});

// Here on the table queue; on every queue, with processes that are killed, in test/servers/conformance.
describe('in queues', () => {
  const client = new PGlite();
  const table = tableQueue({ table: 'positions' });
  const run = async (...[{ text, values }]: [ReturnType<typeof table.schema>]): Promise<any[]> =>
    (await client.query(text, values)).rows;
  const add = async (): Promise<string> => (await run(table.add('mail', {})))[0].id;
  const inState = (state: string, id: string): Promise<any> =>
    vi.waitFor(
      async () => {
        const { rows } = await client.query<any>('select * from positions where id = $1', [id]);
        expect(rows[0].state).toBe(state);
        return rows[0];
      },
      { timeout: 20_000, interval: 5 },
    );
  /** A server that does not let any success be recorded, so many times. */
  const forgetful = (times: number): SqlClient => ({
    query: async (text, values) => {
      if (text.includes("= 'done'") && times-- > 0) throw Object.assign(new Error('no'), { code: 'P0001' });
      return client.query(text, values);
    },
  });

  beforeAll(async () => {
    await run(table.schema());
  }, 60_000);
  afterAll(() => client.close());

  test('a worker that died: its attempt counts; its job is taken over without backoff', async () => {
    const id = await add();
    expect(await run(table.claim('mail', 1, 'a worker that dies', 60_000))).toHaveLength(1);
    await client.query("update positions set lease_until = now() - interval '1 second' where id = $1", [id]);
    const attempts: number[] = [];
    // The backoff would be an hour.
    const policy = { maxRetries: 1, baseDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
    const worker = consume(client, table, 'mail', policy, (_job, { attempt }) => attempts.push(attempt));
    await inState('done', id);
    expect(attempts).toEqual([2]);
    await worker.stop();
  });

  test('shutdown: a job cut short is released without losing an attempt, under a new fence', async () => {
    const id = await add();
    let begun!: () => void;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const worker = consume(client, table, 'mail', { maxRetries: 0 }, (_job, { signal }) => {
      begun();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    await hasBegun;
    const { fence } = await inState('running', id);
    await worker.stop();
    expect(await inState('ready', id)).toMatchObject({ attempt: 0, history: [] });
    const [again] = await run(table.claim('mail', 1, 'another worker', 60_000));
    expect(again).toMatchObject({ id, attempt: 1, fence: Number(fence) + 1 });
    await run(table.complete(again));
  });

  test('success that could not be recorded: runs again if attempts are left, else is buried as stalled', async () => {
    const id = await add();
    const attempts: number[] = [];
    const policy = { maxRetries: 1, baseDelayMs: 0 };
    const worker = consume(
      forgetful(2),
      table,
      'mail',
      policy,
      (_job, { attempt }) => attempts.push(attempt),
      { onError: () => {} },
    );
    await inState('dead', id);
    await worker.stop();
    expect(attempts).toEqual([1, 2]);
    expect(await deadLetters(client, table, 'mail').list()).toMatchObject([
      { id, reason: 'stalled', attempts: 2, history: [{ outcome: 'done' }, { outcome: 'done' }] },
    ]);
  });
});

test('unknown failures: retry() retries them, retryFetch does not', async () => {
  const clock = virtualClock();
  let calls = 0;
  const fetch: typeof globalThis.fetch = async () => {
    calls++;
    throw boom;
  };
  const url = 'https://example.com/';
  await expect(clock.runAll(retry(() => fetch(url), steady, { clock }))).rejects.toBe(boom);
  expect(calls).toBe(4);
  await expect(clock.runAll(retryFetch(steady, { fetch, clock })(url))).rejects.toBe(boom);
  expect(calls).toBe(5);
});
