import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import {
  consume,
  type ConsumeOptions,
  tableQueue,
  type TableJob,
} from '../../../src/queues/postgres/index.js';
import type { Handler } from '../../../src/queues/types.js';
import { virtualClock } from '../../../src/testing/index.js';
import { withUncaught } from './uncaught.js';

type Kind = 'claim' | 'nextDue' | 'heartbeat' | 'complete' | 'retry' | 'bury' | 'release';

const q = tableQueue({ table: 'jobs' });
const probe: TableJob = {
  id: '7',
  fence: 3,
  queue: 'mail',
  payload: {},
  attempt: 1,
  history: [],
  elapsedMs: 0,
};
const KINDS = new Map<string, Kind>([
  [q.claim('mail', 1, 'w', 1).text, 'claim'],
  [q.nextDue('mail').text, 'nextDue'],
  [q.heartbeat(probe, 1).text, 'heartbeat'],
  [q.complete(probe).text, 'complete'],
  [q.retry(probe, 1).text, 'retry'],
  [q.bury(probe, 'stalled').text, 'bury'],
  [q.release(probe).text, 'release'],
]);

/** A consumer on a clock that moves when told, and a server that answers as told, at once. */
function scene(options: ConsumeOptions = {}, handler: Handler<TableJob> = () => undefined) {
  const clock = virtualClock();
  const log: { atMs: number; kind: Kind; values: unknown[] }[] = [];
  const answers = {
    jobs: [] as TableJob[][],
    due: [] as (number | null)[],
    /** Whether heartbeats and settles find the job; an error is thrown. */
    holds: true as boolean | Error,
    /** How long an answer takes. */
    delayMs: 0,
  };
  const client = {
    async query(text: string, values: unknown[] = []) {
      const kind = KINDS.get(text);
      if (!kind) throw new Error(`Unforeseen: ${text}`);
      log.push({ atMs: clock.now(), kind, values });
      const { delayMs } = answers;
      if (delayMs > 0) await new Promise<void>((resolve) => void clock.setTimer(delayMs, resolve, false));
      if (kind === 'claim') return { rows: answers.jobs.shift() ?? [] };
      if (kind === 'nextDue') return { rows: [{ dueMs: answers.due.shift() ?? null }] };
      if (answers.holds instanceof Error) throw answers.holds;
      return { rows: answers.holds ? [{ id: '7' }] : [] };
    },
  };
  const start = (spec = {}) => consume(client, q, 'mail', spec, handler, { clock, ...options });
  const times = (kind: Kind): number[] => log.filter((entry) => entry.kind === kind).map(({ atMs }) => atMs);
  return { clock, log, answers, start, times };
}

/** A handler that goes on for so long, and gives its signals away. */
const working = (clock: () => ReturnType<typeof virtualClock>, ms: number, signals: AbortSignal[] = []) =>
  ((_job, { signal }) => {
    signals.push(signal);
    return new Promise((resolve) => void clock().setTimer(ms, () => resolve(undefined), false));
  }) satisfies Handler<TableJob>;

/** A scene with one job that works on for longer than its lease of 30 s, and the signals it was given. */
function longJob() {
  const signals: AbortSignal[] = [];
  const told: unknown[] = [];
  const made = scene({ leaseMs: 30_000, onError: (error) => told.push(error) }, (job, context) =>
    working(() => made.clock, 200_000, signals)(job, context),
  );
  made.answers.jobs = [[probe]];
  return { ...made, signals, told };
}

const away = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });

describe('the consumer, in time', () => {
  test('it looks when the next job is due, and each `pollMs` where none is', async () => {
    const { clock, answers, start, times } = scene({ pollMs: 1_000 });
    answers.due = [30, null, 999_999, 400];
    const consumer = start();
    await clock.advance(2_500);
    expect(times('claim')).toEqual([0, 30, 1_030, 2_030, 2_430]);
    await consumer.stop();
    expect(clock.liveTimers).toBe(0);
  });

  test('what falls due while it looks is claimed at once; what is locked, 40 times a second', async () => {
    const { clock, answers, start, times } = scene();
    answers.due = [0, 0, 0, 0, 500];
    const consumer = start();
    await clock.advance(100);
    expect(times('claim')).toEqual([0, 0, 25, 50, 75]);
    await consumer.stop();
  });

  test('as long as a claim gets all it asked for, it asks again without looking for what is due', async () => {
    const { clock, answers, start, log } = scene({ concurrency: 2 });
    answers.jobs = [[probe, probe], [probe, probe], [probe]];
    const consumer = start();
    await clock.advance(0);
    const asked = log.filter(({ kind }) => kind === 'claim' || kind === 'nextDue');
    expect(asked.map(({ kind, values }) => [kind, values[1]])).toEqual(
      expect.arrayContaining([
        ['claim', 2],
        ['nextDue', undefined],
      ]),
    );
    expect(asked.findIndex(({ kind }) => kind === 'nextDue')).toBeGreaterThanOrEqual(3);
    await consumer.stop();
  });

  test('it wakes up for its own retry, to the millisecond', async () => {
    const { clock, answers, start, times, log } = scene({ pollMs: 60_000 }, () => {
      throw new Error('flaky');
    });
    answers.jobs = [[probe]];
    const consumer = start({ backoff: [777] });
    await clock.advance(1_000);
    expect(log.find(({ kind }) => kind === 'retry')!.values[2]).toBe(777);
    expect(times('claim')).toEqual([0, 777]);
    await consumer.stop();
  });

  test('a retry that is due later does not put off what is due before', async () => {
    const { clock, answers, start, times } = scene({ pollMs: 60_000 }, async () => {
      await new Promise<void>((resolve) => void clock.setTimer(10, resolve, false));
      throw new Error('flaky');
    });
    answers.jobs = [[probe]];
    answers.due = [100, 60_000];
    const consumer = start({ backoff: [777] });
    await clock.advance(1_000);
    expect(times('claim')).toEqual([0, 100]);
    await consumer.stop();
  });

  test('the deadline counts what an attempt has taken', async () => {
    const { clock, answers, start, log } = scene({}, (job, context) =>
      working(() => clock, 60_000)(job, context),
    );
    answers.jobs = [[{ ...probe, attempt: 2, elapsedMs: 2_000 }]];
    const consumer = start({ maxElapsedMs: 10_000, baseDelayMs: 100 });
    await clock.advance(20_000);
    expect(log.find(({ kind }) => kind === 'bury')).toMatchObject({
      atMs: 8_000,
      values: ['7', 3, 'deadline', expect.stringContaining('TimeoutError')],
    });
    await consumer.stop();
  });

  test('a lease counts from when the claim or the heartbeat was sent, not from its answer', async () => {
    const { clock, answers, start, times, signals } = longJob();
    answers.delayMs = 4_000;
    const consumer = start();
    // Claimed at 0, known at 4 000, beaten at 14 000, known at 18 000; and then no more.
    await clock.advance(18_000);
    expect(times('heartbeat')).toEqual([14_000]);
    answers.holds = away;
    await clock.advance(25_999);
    expect(signals[0]!.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]!.aborted).toBe(true);
    await clock.runAll(consumer.stop());
  });

  test('nothing stays with the signal of shutdown', async () => {
    const shutdown = new AbortController();
    const { clock, start } = scene({ signal: shutdown.signal });
    const consumer = start();
    await clock.advance(1);
    expect(getEventListeners(shutdown.signal, 'abort')).toHaveLength(1);
    await consumer.stop();
    expect(getEventListeners(shutdown.signal, 'abort')).toEqual([]);
  });

  test('however many consumers share a signal of shutdown, one listener is on it, and all of them stop', async () => {
    const shutdown = new AbortController();
    const scenes = Array.from({ length: 15 }, () => scene({ signal: shutdown.signal }));
    const consumers = scenes.map(({ start }) => start());
    expect(getEventListeners(shutdown.signal, 'abort')).toHaveLength(1);
    shutdown.abort();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    expect(getEventListeners(shutdown.signal, 'abort')).toEqual([]);
    for (const { clock } of scenes) expect(clock.liveTimers).toBe(0);
  });

  test('a stop is told its timeout in whole milliseconds, or keeps on working', async () => {
    const { clock, start, times } = scene();
    const consumer = start();
    await clock.advance(100);
    for (const timeoutMs of [NaN, -1, 0.5, '5' as never]) {
      expect(() => consumer.stop({ timeoutMs })).toThrow(RangeError);
    }
    expect(() => consumer.stop({ timeout: 5 } as object)).toThrow('timeout: got 5; use timeoutMs');
    await clock.advance(1_000);
    expect(times('claim').length).toBe(2);
    await consumer.stop({ timeoutMs: 0 });
  });

  test('what was added before it listened is found when it does', async () => {
    let listening!: () => void;
    const { clock, start, times } = scene({
      pollMs: 60_000,
      listen: () =>
        new Promise((resolve) => {
          listening = () => resolve(() => undefined);
        }),
    });
    const consumer = start();
    await clock.advance(100);
    listening();
    await clock.advance(100);
    expect(times('claim')).toEqual([0, 100]);
    await consumer.stop();
  });

  test('a retry further away than any timer does not make it run hot', async () => {
    const { clock, answers, start, times } = scene({ pollMs: 2 ** 31 - 1, concurrency: 1 }, () => {
      throw new Error('flaky');
    });
    answers.jobs = [[probe]];
    const consumer = start({ backoff: [Number.MAX_SAFE_INTEGER], maxDelayMs: Infinity });
    await clock.advance(1_000_000);
    expect(times('claim').length).toBeLessThanOrEqual(3);
    await consumer.stop();
  });

  test('a heartbeat goes out each third of the lease, and none after the job is settled', async () => {
    const { clock, answers, start, times } = scene({ leaseMs: 30_000 }, (job, context) =>
      working(() => clock, 35_000)(job, context),
    );
    answers.jobs = [[probe]];
    const consumer = start();
    await clock.advance(100_000);
    expect(times('heartbeat')).toEqual([10_000, 20_000, 30_000]);
    expect(times('complete')).toEqual([35_000]);
    await consumer.stop();
    expect(clock.liveTimers).toBe(0);
  });

  test('the signal is aborted when a heartbeat finds the job gone; what the handler rejects with then is dropped', async () => {
    const signals: AbortSignal[] = [];
    const told = vi.fn();
    const { clock, answers, start, log } = scene({ leaseMs: 30_000, onError: told }, (_job, { signal }) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
    answers.jobs = [[probe]];
    answers.holds = false;
    const consumer = start();
    await clock.advance(9_999);
    expect(signals[0]!.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]!.reason).toMatchObject({
      name: 'AbortError',
      message: 'Job 7 is not ours any more: it has been settled, or taken over',
    });
    expect(log.filter(({ kind }) => !['claim', 'nextDue', 'heartbeat'].includes(kind))).toEqual([]);
    await consumer.stop();
    expect(told).not.toHaveBeenCalled();
    expect(clock.liveTimers).toBe(0);
  });

  test('the signal is aborted at the end of the lease when no heartbeat gets through', async () => {
    const { clock, answers, start, times, signals } = longJob();
    const consumer = start();
    await clock.advance(15_000);
    answers.holds = away;
    // The last one that got through was sent at 10 000.
    await clock.advance(24_999);
    expect(signals[0]!.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]!.aborted).toBe(true);
    const { length } = times('heartbeat');
    expect(length).toBeGreaterThan(10);
    await clock.advance(10_000);
    expect(times('heartbeat').length).toBeLessThanOrEqual(length + 1);
    answers.holds = true;
    // It succeeded in spite of it, and nobody else has taken the job: that is recorded.
    await clock.advance(200_000);
    expect(times('complete')).toHaveLength(1);
    await consumer.stop();
  });

  test('a lease that ends while its heartbeat waits for a connection is told, with what may be the cause', async () => {
    const { clock, answers, start, signals, told } = longJob();
    const consumer = start();
    await clock.advance(1);
    answers.delayMs = 1_000_000;
    await clock.advance(29_998);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([signals[0]!.reason]);
    expect(told).toMatchObject([
      { name: 'AbortError', message: expect.stringMatching(/^The lease of job 7 was lost: .*connections/) },
    ]);
    await clock.runAll(consumer.stop());
  });

  test('a heartbeat that is refused is told, and the end of the lease decides', async () => {
    const signals: AbortSignal[] = [];
    const told: unknown[] = [];
    const { clock, answers, start } = scene(
      { leaseMs: 30_000, onError: (error) => told.push(error) },
      (job, context) => working(() => clock, 200_000, signals)(job, context),
    );
    answers.jobs = [[probe]];
    answers.holds = Object.assign(new Error('denied'), { code: '42501' });
    const consumer = start();
    await clock.advance(29_999);
    expect(told).toMatchObject([{ message: 'denied' }]);
    expect(signals[0]!.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]!.aborted).toBe(true);
    await clock.runAll(consumer.stop());
  });

  test('a stop waits for handlers for `timeoutMs`, and then neither beats nor settles any more', async () => {
    const { clock, answers, start, log } = scene({ leaseMs: 30_000 }, (job, context) =>
      working(() => clock, 60_000)(job, context),
    );
    answers.jobs = [[probe]];
    const consumer = start();
    await clock.advance(5_000);
    let isStopped = false;
    const stopped = consumer.stop({ timeoutMs: 20_000 }).then(() => (isStopped = true));
    await clock.advance(19_999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    await stopped;
    const { length } = log;
    await clock.advance(100_000);
    expect(log).toHaveLength(length);
    expect(clock.liveTimers).toBe(0);
  });

  test('a stop while the server is away gives up at its timeout', async () => {
    const told = vi.fn();
    const { clock, answers, start, times } = scene({ onError: told });
    answers.jobs = [[probe]];
    answers.holds = away;
    const consumer = start();
    await clock.advance(3_000);
    const stopped = consumer.stop({ timeoutMs: 2_000 });
    await clock.advance(2_000);
    await stopped;
    const { length } = times('complete');
    expect(length).toBeGreaterThan(3);
    await clock.advance(60_000);
    expect(times('complete').length).toBeLessThanOrEqual(length + 1);
    expect(clock.liveTimers).toBe(0);
    expect(told).toHaveBeenCalled();
  });

  test('a stop without a limit waits for as long as it takes', async () => {
    const { clock, answers, start, times } = scene({}, (job, context) =>
      working(() => clock, 10_000_000)(job, context),
    );
    answers.jobs = [[probe]];
    const consumer = start();
    await clock.advance(1);
    await clock.runAll(consumer.stop({ timeoutMs: Infinity }));
    expect(times('complete')).toEqual([10_000_000]);
  });

  test('a second stop waits for the first', async () => {
    const { clock, answers, start } = scene({}, (job, context) => working(() => clock, 1_000)(job, context));
    answers.jobs = [[probe]];
    const consumer = start();
    await clock.advance(1);
    const first = consumer.stop();
    expect(consumer.stop({ timeoutMs: 0 })).toBe(first);
    await clock.runAll(first);
  });

  test('an UNLISTEN that fails is told, and the stop succeeds', async () => {
    const told: unknown[] = [];
    const { clock, start } = scene({
      listen: async () => () => Promise.reject(new Error('too late')),
      onError: (error) => told.push(error),
    });
    const consumer = start();
    await clock.advance(1);
    await consumer.stop();
    expect(told).toMatchObject([{ message: 'too late' }]);
  });

  test('only notifications for this queue of this table wake it', async () => {
    let notify!: (payload: string) => void;
    const { clock, start, times } = scene({
      pollMs: 60_000,
      listen: async (_channel, onNotify) => {
        notify = onNotify;
        return () => undefined;
      },
    });
    const consumer = start();
    await clock.advance(100);
    const { length } = times('claim');
    notify('jobs other');
    notify('tasks mail');
    await clock.advance(100);
    expect(times('claim')).toHaveLength(length);
    notify('jobs mail');
    await clock.advance(100);
    expect(times('claim')).toHaveLength(length + 1);
    await consumer.stop();
  });

  test('what `onError` throws is thrown as uncaught, and the consumer goes on', async () => {
    await withUncaught(async (uncaught) => {
      const { clock, answers, start, times } = scene({
        onError: () => {
          throw new Error('watcher');
        },
      });
      answers.jobs = [[probe]];
      answers.holds = away;
      const consumer = start();
      await clock.advance(1_000);
      answers.holds = true;
      await clock.advance(2_000);
      expect(times('complete').length).toBeGreaterThan(1);
      expect(uncaught[0]).toMatchObject({ message: 'watcher' });
      await consumer.stop();
    });
  });
});
