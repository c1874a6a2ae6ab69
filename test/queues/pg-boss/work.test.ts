import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import {
  type AttemptEvent,
  type Boss,
  type BossJob,
  queueOptions,
  work,
} from '../../../src/queues/pg-boss/index.js';
import type { JobResult } from '../../../src/queues/pg-boss/host.js';
import { virtualClock } from '../../../src/testing/index.js';

const policy = { maxRetries: 3, backoff: [100, 100, 100] } as const;

/** pg-boss without its database: answers as it does when all is well, and notes what it is asked. */
function fakeBoss() {
  const said: unknown[][] = [];
  const workers = [
    { id: 'busy', workId: 'work', count: 1 },
    { id: 'idle', workId: 'work', count: 0 },
    { id: 'other', workId: 'other work', count: 0 },
  ];
  const trouble: { refuses?: string } = {};
  let batch: ((jobs: BossJob[]) => Promise<JobResult[]>) | undefined;
  const db = {
    async executeSql(text: string, values: unknown[] = []) {
      if (text.includes('to_regclass')) return { rows: [{ found: true }] };
      if (!text.includes('with claim as')) {
        if (text.includes("'released'")) said.push(['release', values[1]]);
        if (values[1] === trouble.refuses) throw Object.assign(new Error('refused'), { code: '22P05' });
        return { rows: [{ fence: 1 }] };
      }
      const claims: { id: string; fence: number }[] = JSON.parse(String(values[1]));
      return {
        rows: claims.map(({ id, fence }) => ({ id, attempt: fence, elapsed_ms: 0, lost: fence > 4 ? 1 : 0 })),
      };
    },
    beginTransaction: async () => ({ db, commit: async () => undefined, rollback: async () => undefined }),
  };
  const boss: Boss = {
    async work(_name, options, handler) {
      said.push(['work', options]);
      batch = handler;
      return 'work';
    },
    offWork: async (_name, options) => void said.push(['offWork', options]),
    notifyWorker: (id) => void said.push(['notify', id]),
    getWipData: () => workers,
    getQueue: async () => queueOptions(policy),
    fail: async (_name, claim) => {
      said.push(['fail', claim]);
      return { affected: 1 };
    },
    cancel: async (_name, claim) => {
      said.push(['cancel', claim]);
      return {};
    },
    update: async ({ options }) => {
      said.push(['update', options?.startAfter]);
      return { updated: 1 };
    },
    getDb: () => db,
  };
  return { boss, said, trouble, run: (...jobs: BossJob[]) => batch?.(jobs) };
}

const job = (id: string, more: Partial<BossJob> = {}): BossJob => ({
  id,
  name: 'mail',
  data: {},
  retryCount: 0,
  retryLimit: 1_000_000,
  retryDelay: 0,
  retryBackoff: false,
  startAfter: new Date(),
  createdOn: new Date(),
  output: null,
  signal: new AbortController().signal,
  ...more,
});

test('pg-boss is asked for one result per job and its metadata, and given the caller’s own options', async () => {
  const { boss, said } = fakeBoss();
  await work(boss, 'mail', policy, () => undefined, { localConcurrency: 4, burstWhenBatchFull: false });
  expect(said).toEqual([
    ['work', { localConcurrency: 4, burstWhenBatchFull: false, perJobResults: true, includeMetadata: true }],
  ]);
});

test('a job whose fate cannot be written down does not end the batch under the others', async () => {
  const { boss, trouble, run } = fakeBoss();
  let end: (() => void) | undefined;
  await work(boss, 'mail', policy, async ({ id }) => {
    if (id === 'slow') await new Promise<void>((resolve) => (end = resolve));
    return id;
  });
  trouble.refuses = 'refused';
  let settled = false;
  const results = run(job('slow'), job('refused'))?.finally(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  end?.();
  expect(await results).toEqual([
    { id: 'slow', status: 'completed', output: 'slow' },
    { id: 'refused', status: 'failed', output: expect.objectContaining({ message: 'refused' }) },
  ]);
});

test('a retry is written in one go, and an idle worker is woken when it is due, before a busy one', async () => {
  const { boss, said, run } = fakeBoss();
  const clock = virtualClock();
  await work(boss, 'mail', policy, () => Promise.reject(new Error('busy')), { clock });
  said.length = 0;
  expect(await run(job('a'), job('b', { retryCount: 1 }))).toEqual([]);
  expect(said).toEqual([
    ['fail', { id: 'a', retryCount: 0 }],
    ['fail', { id: 'b', retryCount: 1 }],
    ['update', 0.1],
    ['update', 0.1],
  ]);
  await clock.advance(99);
  expect(said).toHaveLength(4);
  await clock.advance(7);
  expect(said.slice(4)).toEqual([
    ['notify', 'idle'],
    ['notify', 'busy'],
  ]);
});

test('what a handler comes to after its job was lost is neither written nor told', async () => {
  const { boss, said, run } = fakeBoss();
  const lost = new AbortController();
  await work(boss, 'mail', policy, () => {
    lost.abort();
    throw new Error('too late');
  });
  said.length = 0;
  expect(await run(job('a', { signal: lost.signal }))).toEqual([]);
  expect(said).toEqual([]);
});

test('after stop no job is run: what was claimed meanwhile is given back', async () => {
  const { boss, said, run } = fakeBoss();
  const clock = virtualClock();
  let runs = 0;
  const worker = await work(boss, 'mail', policy, () => void runs++, { clock });
  await worker.stop();
  said.length = 0;
  expect(await run(job('a'))).toEqual([]);
  expect([runs, clock.liveTimers]).toEqual([0, 0]);
  expect(said).toEqual([
    ['release', 'a'],
    ['fail', { id: 'a', retryCount: 0 }],
    ['update', 0],
  ]);
});

test('an aborted signal stops the worker, and so does one that is aborted before', async () => {
  for (const early of [true, false]) {
    const { boss, said } = fakeBoss();
    const shutdown = new AbortController();
    if (early) shutdown.abort();
    await work(boss, 'mail', policy, () => undefined, { signal: shutdown.signal });
    shutdown.abort();
    expect(said.at(-1)).toEqual(['offWork', { id: 'work', wait: true }]);
  }
});

test('however many workers share a signal, it carries one listener of ours, and none when the last has stopped', async () => {
  const { signal } = new AbortController();
  const hosts = Array.from({ length: 15 }, () => fakeBoss());
  const workers = await Promise.all(
    hosts.map(({ boss }) => work(boss, 'mail', policy, () => undefined, { signal })),
  );
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await Promise.all(workers.map((worker) => worker.stop()));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a buried job that is retried by hand is neither run nor buried again', async () => {
  const { boss, said, run } = fakeBoss();
  await work(boss, 'mail', policy, () => expect.fail('must not run'));
  said.length = 0;
  const output = { name: 'Error', message: 'no', reason: 'retries-exhausted', attempts: 4 };
  expect(await run(job('a', { retryCount: 4, output }))).toEqual([]);
  expect(said).toEqual([
    ['release', 'a'],
    ['cancel', { id: 'a', retryCount: 4 }],
  ]);
});

test('a job whose end pg-boss was never told is buried, whatever its last failure left', async () => {
  for (const output of [null, { name: 'Error', message: 'no', reason: 'of its own' }, { attempts: 4 }]) {
    const { boss, run } = fakeBoss();
    await work(boss, 'mail', policy, () => expect.fail('must not run'));
    expect(await run(job('a', { retryCount: 4, output }))).toMatchObject([
      { id: 'a', status: 'deadletter', output: { reason: 'stalled', attempts: 4 } },
    ]);
  }
});

test('what is no option, no handler and no time to stop in is refused at once', async () => {
  const { boss, said } = fakeBoss();
  const start = (handler: unknown, options: object) => work(boss, 'mail', policy, handler as never, options);
  await expect(start(() => 1, { onAtempt: () => 1 })).rejects.toThrow(
    /^onAtempt: got function; use onAttempt$/,
  );
  await expect(start(() => 1, { perJobResults: false })).rejects.toThrow(TypeError);
  await expect(start(undefined, {})).rejects.toThrow('handler: got undefined; expected a function');
  expect(said).toEqual([]);
  const worker = await start(() => 1, {});
  await expect(worker.stop({ timeoutMs: NaN })).rejects.toThrow(RangeError);
  await expect(worker.stop({ timeout: 5 } as object)).rejects.toThrow('timeout: got 5; use timeoutMs');
  await worker.stop({ timeoutMs: Infinity });
});

test('options that are null are not given: pg-boss does not get them either', async () => {
  const { boss, said, run } = fakeBoss();
  const common = { classify: null, policyFor: null, onAttempt: null, name: null, random: null, signal: null };
  const own = { history: null, schema: null, batchSize: null, localConcurrency: null };
  const worker = await work(boss, 'mail', policy, () => 'sent', { ...common, ...own, clock: null });
  expect(said).toEqual([['work', { burstWhenBatchFull: true, perJobResults: true, includeMetadata: true }]]);
  expect(await run(job('a'))).toEqual([{ id: 'a', status: 'completed', output: 'sent' }]);
  await worker.stop({ timeoutMs: null });
  expect(queueOptions({}, { deadLetter: null })).not.toHaveProperty('deadLetter');
});

test('a lost attempt is reported by the worker that takes the job over', async () => {
  const { boss, run } = fakeBoss();
  const told: unknown[] = [];
  const options = {
    onAttempt: ({ attempt, outcome, reason }: AttemptEvent<BossJob>) =>
      void told.push([attempt, outcome, reason]),
  };
  await work(boss, 'mail', { maxRetries: 4 }, () => 'sent', options);
  await run(job('a', { retryCount: 4 }));
  await run(job('b', { retryCount: 5 }));
  expect(told).toEqual([
    [4, 'stalled', undefined],
    [5, 'done', undefined],
    [5, 'stalled', undefined],
    [5, 'dead', 'stalled'],
  ]);
});
