import * as six from 'bullmq';
import * as five from 'bullmq-5';
import { expectTypeOf, test } from 'vitest';
import {
  type BullDeadLetterQueue,
  type BullDeadQueue,
  type BullJob,
  type BullQueue,
  deadLetters,
  jobOptions,
  processor,
  workerOptions,
} from '../../../src/queues/bullmq/index.js';
import type { Verdict } from '../../../src/index.js';

interface Mail {
  to: string;
}

declare const connection: { host: string };
declare const queue6: six.Queue<Mail>;
declare const queue5: five.Queue<Mail>;
declare const dead6: six.Queue;
declare const dead5: five.Queue;

test('jobs and queues of the newest BullMQ 6 and 5 fit what the adapter asks for', () => {
  expectTypeOf<six.Job<Mail, string>>().toExtend<BullJob>();
  expectTypeOf<five.Job<Mail, string>>().toExtend<BullJob>();
  expectTypeOf<six.Queue>().toExtend<BullQueue>();
  expectTypeOf<five.Queue>().toExtend<BullQueue>();
  expectTypeOf<six.Queue>().toExtend<BullDeadQueue>();
  expectTypeOf<five.Queue>().toExtend<BullDeadQueue>();
  expectTypeOf<six.Queue>().toExtend<BullDeadLetterQueue>();
  expectTypeOf<five.Queue>().toExtend<BullDeadLetterQueue>();
});

test('a worker of either version takes the processor and the options, and its handler knows the job', () => {
  void new six.Worker<Mail, string>(
    'mail',
    processor({ maxRetries: 3 }, (job, { attempt, signal }) => {
      expectTypeOf(job).toEqualTypeOf<six.Job<Mail, string>>();
      expectTypeOf(attempt).toEqualTypeOf<number>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return job.data.to;
    }),
    { connection, ...workerOptions({ maxRetries: 3 }) },
  );
  void new five.Worker<Mail, string>(
    'mail',
    processor({ maxRetries: 3 }, async (job) => {
      expectTypeOf(job).toEqualTypeOf<five.Job<Mail, string>>();
      return job.data.to;
    }),
    { connection, ...workerOptions({ maxRetries: 3 }) },
  );
});

test('so do the classes of BullMQ’s Postgres backend', () => {
  const { Queue, Worker } = six.withBackend(six.createPostgresBackend);
  const options = { connection: { connectionString: 'postgres://localhost/queues' } };
  const dead = new Queue('mail-dead', options);
  void new Worker<Mail, string>(
    'mail',
    processor({ maxRetries: 3 }, (job) => job.data.to, {
      deadLetter: dead,
      queue: new Queue<Mail>('mail', options),
    }),
    { ...options, ...workerOptions({ maxRetries: 3 }) },
  );
  void deadLetters(dead).list();
});

test('a handler of the wrong result is refused', () => {
  expectTypeOf(processor<six.Job<Mail, string>, number>({}, () => 42)).not.toExtend<
    six.Processor<Mail, string>
  >();
});

test('the options know the job as well', () => {
  processor<six.Job<Mail>, void>({}, () => undefined, {
    deadLetter: dead6,
    queue: queue6,
    onHint: 'queue',
    signal: new AbortController().signal,
    classify: (error, context) => (error instanceof RangeError && context.attempt > 1 ? 'stop' : undefined),
    onAttempt: ({ job, outcome }) => {
      expectTypeOf(job).toEqualTypeOf<six.Job<Mail>>();
      expectTypeOf(outcome).toEqualTypeOf<'done' | 'retry' | 'dead' | 'stalled'>();
    },
    random: (job) => () => job.data.to.length / 1_000,
  });
  processor<five.Job<Mail>, void>({}, () => undefined, { deadLetter: dead5, queue: queue5 });
});

test('an event of `onAttempt` has a duration if the attempt ran, and only then', () => {
  processor<six.Job<Mail>, void>({}, () => undefined, {
    onAttempt: (event) => {
      expectTypeOf(event.name).toEqualTypeOf<string>();
      expectTypeOf(event.attempt).toEqualTypeOf<number>();
      expectTypeOf(event.maxRetries).toEqualTypeOf<number>();
      expectTypeOf(event.elapsedMs).toEqualTypeOf<number>();
      expectTypeOf(event.durationMs).toEqualTypeOf<number | undefined>();
      expectTypeOf(event.delayMs).toEqualTypeOf<number | undefined>();
      expectTypeOf(event.hintMs).toEqualTypeOf<number | undefined>();
      expectTypeOf(event.error).toBeUnknown();
      expectTypeOf(event.value).toBeUnknown();
      expectTypeOf(event.verdict).toEqualTypeOf<Verdict | undefined>();
      if (event.outcome === 'done' || event.outcome === 'retry')
        expectTypeOf(event.durationMs).toEqualTypeOf<number>();
      if (event.outcome === 'stalled') expectTypeOf(event.durationMs).toEqualTypeOf<undefined>();
      if (event.durationMs !== undefined)
        expectTypeOf(event.outcome).toEqualTypeOf<'done' | 'retry' | 'dead'>();
      // A call that ends is a job that is dead.
      expectTypeOf<'stop'>().not.toExtend<typeof event.outcome>();
    },
  });
});

test('`policyFor` chooses a spec by the error and the attempt, never later', () => {
  processor<six.Job<Mail>, void>({}, () => undefined, {
    policyFor: (failure, { attempt, signal }) => {
      expectTypeOf(failure).toBeUnknown();
      expectTypeOf(attempt).toEqualTypeOf<number>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      return failure instanceof RangeError ? { maxRetries: 8 } : undefined;
    },
  });
  // @ts-expect-error a promise
  processor({}, () => undefined, { policyFor: async () => ({ maxRetries: 8 }) });
  // @ts-expect-error the name of a preset is no policy
  processor({}, () => undefined, { policyFor: () => 'aggressive' });
});

test('null is the same as not given, for each option', () => {
  const none = { classify: null, policyFor: null, onAttempt: null, name: null, random: null, signal: null };
  processor({}, () => undefined, { ...none, clock: null, deadLetter: null, queue: null, onHint: null });
  processor({}, () => undefined, null);
  workerOptions({}, { onHint: null, limiter: null, settings: null });
  workerOptions({}, null);
  const letters = deadLetters(dead6, { queue: null });
  void letters.list(null);
  void letters.list({ limit: null, offset: null });
  void letters.purge({ olderThanMs: null });
});

test('job options are options of queue.add', () => {
  void queue6.add('welcome', { to: 'ada' }, jobOptions({ maxRetries: 3 }));
  void queue5.add('welcome', { to: 'ada' }, jobOptions({ maxRetries: 3 }));
});

test('a dead letter has the type of its payload', () => {
  const letters = deadLetters<Mail>(dead6, { queue: queue6 });
  expectTypeOf<Awaited<ReturnType<typeof letters.list>>[number]['payload']>().toEqualTypeOf<Mail>();
  deadLetters<Mail>(dead5, { queue: queue5 });
});
