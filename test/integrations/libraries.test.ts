import { reportOf } from 'ostinato';
import { afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Producer } from 'kafkajs';
import { failureOf } from './payments.js';
import { recipe } from './recipes.js';

// No server of these runs here. Their errors are made from the packages' own classes.
const missing = inject('missingPackages');

/** How often a call is made that fails with these, one after the other, and then succeeds. */
function failing<T>(value: T, ...errors: readonly Error[]): { calls: number; run: () => Promise<T> } {
  const state = {
    calls: 0,
    run: async (): Promise<T> => {
      const error = errors[state.calls++];
      if (error) throw error;
      return value;
    },
  };
  return state;
}

describe.skipIf(missing)('mongoose', () => {
  let inTransaction: (work: (session: unknown) => Promise<string>) => Promise<string>;
  let mongoose: typeof import('mongoose');
  let mongo: typeof import('mongoose').mongo;
  const session = {
    startTransaction: vi.fn(),
    commitTransaction: vi.fn(async () => {}),
    abortTransaction: vi.fn(async () => {}),
    endSession: vi.fn(async () => {}),
  };
  beforeAll(async () => {
    mongoose = (await import('mongoose')).default;
    ({ mongo } = mongoose);
    ({ inTransaction } = await recipe<{ inTransaction: typeof inTransaction }>(
      'docs/databases.md',
      'mongoose',
    ));
    vi.spyOn(mongoose, 'startSession').mockResolvedValue(session as never);
  });
  afterEach(() => vi.clearAllMocks());

  const serverError = (code: number, ...errorLabels: string[]): Error =>
    new mongo.MongoServerError({ message: 'x', code, errorLabels });

  test('a conflict of two transactions begins the whole transaction again', async () => {
    const work = failing('done', serverError(112, 'TransientTransactionError'));
    expect(await inTransaction(work.run)).toBe('done');
    expect(work.calls).toBe(2);
    expect(session.startTransaction).toHaveBeenCalledTimes(2);
    expect(session.abortTransaction).toHaveBeenCalledTimes(1);
    expect(session.endSession).toHaveBeenCalledTimes(2);
  });

  test('a lost connection is retried', async () => {
    const work = failing('done', new mongo.MongoNetworkError('connection 1 to 127.0.0.1:27017 closed'));
    expect(await inTransaction(work.run)).toBe('done');
    expect(work.calls).toBe(2);
  });

  test('a duplicate key is not retried', async () => {
    const work = failing('done', serverError(11000));
    const error = await failureOf(inTransaction(work.run));
    expect(reportOf(error)).toMatchObject({ reason: 'not-retryable', attempts: { length: 1 } });
  });
});

const producer = (run: () => Promise<unknown>): Producer => ({ send: run }) as unknown as Producer;

describe.skipIf(missing)('kafkajs', () => {
  let send: (producer: Producer, record: object) => Promise<unknown>;
  let kafka: typeof import('kafkajs');
  beforeAll(async () => {
    kafka = await import('kafkajs');
    ({ send } = await recipe<{ send: typeof send }>('docs/databases.md', 'kafkajs'));
  });
  /** As kafkajs throws it with `retries: 0`. */
  const given = (error: Error): Error =>
    new kafka.KafkaJSNumberOfRetriesExceeded(error, { retryCount: 0, retryTime: 0 });

  test('a broker that is not available is retried', async () => {
    const error = new kafka.KafkaJSConnectionError('Connection timeout', { broker: 'a:9092' });
    const { run } = failing('sent', given(error), given(error));
    expect(await send(producer(run), {})).toBe('sent');
  });

  test('a record that is too large is not retried', async () => {
    const error = new kafka.KafkaJSProtocolError({
      message: 'The request included a message larger than the max message size',
      type: 'MESSAGE_TOO_LARGE',
      code: 10,
      retriable: false,
    } as never);
    const work = failing('sent', new kafka.KafkaJSNonRetriableError(error));
    expect(reportOf(await failureOf(send(producer(work.run), {})))).toMatchObject({
      reason: 'not-retryable',
      attempts: { length: 1 },
    });
  });
});

describe.skipIf(missing)('node-cron', () => {
  type Task = { execute(): Promise<unknown>; destroy(): unknown };
  let everyHour: (job: () => Promise<void>) => Task;
  beforeAll(async () => {
    ({ everyHour } = await recipe<{ everyHour: typeof everyHour }>('docs/databases.md', 'node-cron'));
  });

  test('a run that fails for a moment is retried before the next one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const work = failing<void>(undefined, Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
    const task = everyHour(work.run);
    const run = task.execute();
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await run;
    expect(work.calls).toBe(2);
    await task.destroy();
  });
});
