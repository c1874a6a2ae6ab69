import { expect, test, vi } from 'vitest';
import { isRefusal, persist, waitOut } from '../../src/queues/persist.js';
import { virtualClock } from '../../src/testing/index.js';

const failure = (code?: string): Error => Object.assign(new Error(code ?? 'lost'), { code });

/** A write that fails in turn with these, and works then. */
function failing(...errors: Error[]) {
  const left = [...errors];
  const calls: number[] = [];
  return {
    calls,
    write: async () => {
      calls.push(calls.length);
      const error = left.shift();
      if (error) throw error;
      return 'written';
    },
  };
}

const never = new AbortController().signal;

test('a write is repeated for as long as the database is away', async () => {
  const clock = virtualClock();
  const away = Array.from({ length: 200 }, (_, i) =>
    failure(['57P03', 'ECONNREFUSED', '08006', undefined][i % 4]),
  );
  const { write, calls } = failing(...away);
  expect(await clock.runAll(persist(write, never, clock))).toBe('written');
  expect(calls).toHaveLength(201);
});

test.each(['22P05', '23505', '42P01', '42501'])(
  'an error that is the statement’s own fault ends it: %s',
  async (code) => {
    const { write, calls } = failing(failure(code));
    await expect(persist(write, never)).rejects.toMatchObject({ code });
    expect(calls).toHaveLength(1);
  },
);

test('a job that was given up is written once more, and not again', async () => {
  const works = failing();
  expect(await persist(works.write, AbortSignal.abort())).toBe('written');
  const fails = failing(failure());
  await expect(persist(fails.write, AbortSignal.abort())).rejects.toThrow('lost');
  expect(fails.calls).toHaveLength(1);
});

const coded = (code: unknown): Error => Object.assign(new Error('no'), { code });

test.each([
  '22P02',
  '23505',
  '23514',
  '42P01',
  '42601',
  '42501',
  '0A000',
  '28P01',
  '3D000',
  'P0001',
  'HV000',
])('SQLSTATE %s is a refusal', (code) => expect(isRefusal(coded(code))).toBe(true));

test.each([
  '08006',
  '25006',
  '40001',
  '40P01',
  '53300',
  '55P03',
  '57P01',
  '57P03',
  '58030',
  'XX000',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'CONNECTION_CLOSED',
  'CONNECT_TIMEOUT',
  '',
  5,
  undefined,
])('%s may pass', (code) => expect(isRefusal(coded(code))).toBe(false));

test.each([undefined, null, 'gone', new Error('Connection terminated unexpectedly')])(
  'an error without a code may pass: %s',
  (error) => expect(isRefusal(error)).toBe(false),
);

test('a statement is repeated for as long as the server is away, a second apart at the most', async () => {
  const clock = virtualClock();
  const calls: number[] = [];
  const told: unknown[] = [];
  const done = waitOut(
    async () => {
      calls.push(clock.now());
      if (calls.length < 12) throw coded('ECONNREFUSED');
      return 'rows';
    },
    { isOver: () => false, onError: (error) => told.push(error), clock },
  );
  await clock.runAll();
  expect(await done).toBe('rows');
  expect(told).toHaveLength(11);
  const gaps = calls.slice(1).map((atMs, index) => atMs - calls[index]!);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000);
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(500);
});

test('a refusal is not repeated', async () => {
  const statement = vi.fn(() => Promise.reject(coded('23514')));
  await expect(waitOut(statement, { isOver: () => false })).rejects.toMatchObject({ code: '23514' });
  expect(statement).toHaveBeenCalledTimes(1);
});

test('once nobody waits any more a statement is tried once, and not again', async () => {
  const statement = vi.fn(() => Promise.reject(coded('ECONNRESET')));
  await expect(waitOut(statement, { isOver: () => true })).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(statement).toHaveBeenCalledTimes(1);
});
