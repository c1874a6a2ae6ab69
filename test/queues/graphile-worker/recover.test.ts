import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { recover, type RecoverOptions } from '../../../src/queues/graphile-worker/index.js';
import { namesOf } from '../../../src/queues/graphile-worker/names.js';
import { KNOWN_VERSIONS, statements } from '../../../src/queues/graphile-worker/statements.js';
import { virtualClock } from '../../../src/testing/index.js';

const sql = statements(namesOf({}));

/** A database that answers with nothing, and what it was asked. */
function recovering(options: Partial<RecoverOptions> = {}) {
  const clock = virtualClock();
  const events = new EventEmitter();
  const asked: { text: string; values: unknown[] }[] = [];
  const trouble: { error?: Error } = {};
  const client = {
    async query(text: string, values: unknown[] = []) {
      asked.push({ text, values });
      if (trouble.error && text === sql.free) throw trouble.error;
      return { rows: text === sql.version ? [{ version: KNOWN_VERSIONS[0] }] : [] };
    },
  };
  const of = (text: string) => asked.filter((each) => each.text === text).map(({ values }) => values);
  const started = recover(client, { events, clock, staleAfterMs: 1_000, ...options });
  return { clock, events, of, trouble, started };
}

const worker = { workerPool: { id: 'pool' } };

test('a round is four times as frequent as the time after which a pool is gone', async () => {
  const { clock, of, started } = recovering();
  await started;
  expect(of(sql.free)).toHaveLength(1);
  await clock.advance(1_000);
  expect(of(sql.free)).toHaveLength(5);
  expect(of(sql.sweep)).toHaveLength(5);
});

test('the first round looks back a week for late jobs, the others ten times the limit', async () => {
  const { clock, of, started } = recovering();
  await started;
  await clock.advance(250);
  expect(of(sql.free).map(([, , reachMs]) => reachMs)).toEqual([7 * 24 * 3_600_000, 10_000]);
});

test('a pool has its heartbeat as soon as it is there, and none after it was released', async () => {
  const { clock, events, of, started } = recovering();
  await started;
  events.emit('pool:create', { workerPool: { id: 'pool' } });
  expect(of(sql.beat)).toEqual([[['pool']]]);
  await clock.advance(250);
  expect(of(sql.beat)).toHaveLength(2);
  events.emit('pool:release', { workerPool: { id: 'pool' } });
  await clock.advance(250);
  expect(of(sql.beat)).toHaveLength(2);
});

test('a job that graphile-worker is done with is freed only after the time it has to let go of it', async () => {
  const { clock, events, of, started } = recovering();
  await started;
  events.emit('job:complete', { job: { id: '7', attempts: 2 }, worker });
  await clock.advance(750);
  expect(of(sql.free).map(([, claims]) => claims)).toEqual([[], [], [], []]);
  await clock.advance(500);
  // Once, and then it is forgotten.
  expect(of(sql.free).map(([, claims]) => claims)).toEqual([[], [], [], [], ['7:2:pool'], []]);
});

test('a round that fails is told, and made up for', async () => {
  const errors: unknown[] = [];
  const { clock, events, of, trouble, started } = recovering({ onError: (error) => errors.push(error) });
  await started;
  events.emit('job:complete', { job: { id: '7', attempts: 2 }, worker });
  await clock.advance(750);
  trouble.error = new Error('away');
  await clock.advance(500);
  expect(errors).toEqual([trouble.error, trouble.error]);
  delete trouble.error;
  await clock.advance(250);
  expect(of(sql.free).at(-1)?.[1]).toEqual(['7:2:pool']);
});

test('after stop there is no timer, no listener and no further statement', async () => {
  const { clock, events, of, started } = recovering();
  await (await started).stop();
  expect(clock.liveTimers).toBe(0);
  expect(events.eventNames()).toEqual([]);
  await clock.advance(5_000);
  expect(of(sql.free)).toHaveLength(1);
});

test('a start that fails leaves no listener behind', async () => {
  const events = new EventEmitter();
  const client = { query: () => Promise.reject(new Error('away')) };
  await expect(recover(client, { events })).rejects.toThrow('away');
  expect(events.eventNames()).toEqual([]);
});

test.each([0, 99, 1.5, Infinity, NaN])('staleAfterMs is refused when it is %s', async (staleAfterMs) => {
  await expect(
    recover({ query: async () => ({ rows: [] }) }, { events: new EventEmitter(), staleAfterMs }),
  ).rejects.toThrow(RangeError);
});

test('options that are null are not given, and an emitter has to be there', async () => {
  const { clock, of, started } = recovering({ staleAfterMs: null, onError: null, dead: null });
  const recovery = await started;
  await clock.advance(15_000);
  expect(of(sql.free)).toHaveLength(2);
  await recovery.stop();
  const nothing = { query: async () => ({ rows: [] }) };
  for (const options of [null, {}, { events: null }, { events: {} }]) {
    await expect(recover(nothing, options as never)).rejects.toThrow(/^events is the emitter given to run/);
  }
});
