import { expect, test } from 'vitest';
import { persist } from '../../src/queues/persist.js';
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
