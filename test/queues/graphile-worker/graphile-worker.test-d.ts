import type { EventEmitter } from 'node:events';
import type { JobHelpers, Runner, Task, TaskList, TaskSpec, WorkerEvents } from 'graphile-worker';
import type { Pool } from 'pg';
import { expectTypeOf, test } from 'vitest';
import {
  deadLetters,
  type GraphileEvents,
  type GraphileHelpers,
  recover,
  schema,
  type SqlClient,
  task,
  taskSpec,
} from '../../../src/queues/graphile-worker/index.js';

declare const pool: Pool;
declare const runner: Runner;

test('the real graphile-worker fits what the adapter asks for', () => {
  expectTypeOf<JobHelpers>().toExtend<GraphileHelpers>();
  expectTypeOf<WorkerEvents>().toExtend<GraphileEvents>();
  expectTypeOf<EventEmitter>().toExtend<GraphileEvents>();
  expectTypeOf<Pool>().toExtend<SqlClient>();
  void recover(pool, { events: runner.events });
  void deadLetters(pool, { task: 'mail' }).list();
});

test('a wrapped task is a task, and its spec a spec', () => {
  const mail = task({ maxRetries: 3 }, () => undefined);
  expectTypeOf(mail).toExtend<Task<'mail'>>();
  expectTypeOf({ mail }).toExtend<TaskList>();
  expectTypeOf(taskSpec({})).toExtend<TaskSpec>();
});

test('a handler knows its payload, its attempt, its signal, and graphile-worker’s own helpers', () => {
  const mail = task<{ to: string }, JobHelpers>({ maxRetries: 3 }, (job, context, helpers) => {
    expectTypeOf(job.payload).toEqualTypeOf<{ to: string }>();
    expectTypeOf(context.attempt).toEqualTypeOf<number>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(helpers.addJob).toBeFunction();
  });
  expectTypeOf(mail).toExtend<Task<'mail'>>();
});

test('null is the same as not given, for each option', () => {
  const names = { worker: null, history: null, dead: null, pools: null };
  const none = { classify: null, policyFor: null, onAttempt: null, name: null, random: null, signal: null };
  task({}, () => undefined, { ...none, ...names, clock: null });
  task({}, () => undefined, null);
  schema(names);
  schema(null);
  void recover(pool, { events: runner.events, ...names, staleAfterMs: null, onError: null, clock: null });
  void deadLetters(pool, { ...names, task: null }).list(null);
});

test('`policyFor` and `onAttempt` know the failure and the job', () => {
  task<{ to: string }>({}, () => undefined, {
    policyFor: (failure) => (failure instanceof RangeError ? { maxRetries: 4 } : undefined),
    onAttempt: ({ job, outcome, durationMs }) => {
      expectTypeOf(job.payload).toEqualTypeOf<{ to: string }>();
      expectTypeOf(outcome).toEqualTypeOf<'done' | 'retry' | 'dead' | 'stalled'>();
      expectTypeOf(durationMs).toEqualTypeOf<number | undefined>();
    },
  });
});
