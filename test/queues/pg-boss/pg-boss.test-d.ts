import type { PgBoss, WorkOptions } from 'pg-boss';
import { expectTypeOf, test } from 'vitest';
import {
  type Boss,
  type BossWorkOptions,
  type DeadBoss,
  deadLetters,
  queueOptions,
  work,
} from '../../../src/queues/pg-boss/index.js';

declare const boss: PgBoss;

test('the real pg-boss fits what the adapter asks for', () => {
  expectTypeOf(boss).toExtend<Boss>();
  expectTypeOf(boss).toExtend<DeadBoss>();
  expectTypeOf<BossWorkOptions>().toExtend<WorkOptions>();
});

test('queueOptions are options of createQueue and of updateQueue', () => {
  expectTypeOf(queueOptions({})).toExtend<NonNullable<Parameters<PgBoss['createQueue']>[1]>>();
  expectTypeOf(queueOptions({})).toExtend<NonNullable<Parameters<PgBoss['updateQueue']>[1]>>();
});

test('a handler knows the type of its data, its attempt and its signal', () => {
  void work<{ to: string }>(boss, 'mail', { maxRetries: 3 }, (job, context) => {
    expectTypeOf(job.data).toEqualTypeOf<{ to: string }>();
    expectTypeOf(context.attempt).toEqualTypeOf<number>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
  });
});

test('a dead letter has the type of its payload', () => {
  const letters = deadLetters<{ to: string }>(boss, 'mail-dead');
  expectTypeOf<Awaited<ReturnType<typeof letters.list>>[number]['payload']>().toEqualTypeOf<{ to: string }>();
});

test('the options that make the adapter work are not the caller’s to set', () => {
  // @ts-expect-error the adapter settles each job by itself
  void work(boss, 'mail', {}, () => undefined, { perJobResults: false });
  // @ts-expect-error the handler's transaction could not hold a delay
  void work(boss, 'mail', {}, () => undefined, { transactional: true });
});

test('null is the same as not given, for each option', () => {
  void work(boss, 'mail', {}, () => undefined, null);
  void work(boss, 'mail', {}, () => undefined, {
    classify: null,
    policyFor: null,
    onAttempt: null,
    name: null,
    random: null,
    signal: null,
    clock: null,
    history: null,
    schema: null,
    batchSize: null,
    localConcurrency: null,
    pollingIntervalSeconds: null,
  }).then((worker) => worker.stop({ timeoutMs: null }));
  queueOptions({}, { deadLetter: null });
  queueOptions({}, null);
  void deadLetters(boss, 'mail-dead', { history: null }).list({ limit: null });
});

test('`policyFor` and `onAttempt` know the failure and the job', () => {
  void work<{ to: string }>(boss, 'mail', {}, () => undefined, {
    policyFor: (failure) => (failure instanceof RangeError ? { maxRetries: 4 } : undefined),
    onAttempt: ({ job, outcome, durationMs }) => {
      expectTypeOf(job.data).toEqualTypeOf<{ to: string }>();
      expectTypeOf(outcome).toEqualTypeOf<'done' | 'retry' | 'dead' | 'stalled'>();
      expectTypeOf(durationMs).toEqualTypeOf<number | undefined>();
    },
  });
});
