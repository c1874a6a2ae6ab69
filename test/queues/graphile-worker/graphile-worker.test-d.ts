import type { EventEmitter } from 'node:events';
import type { JobHelpers, Runner, Task, TaskList, TaskSpec, WorkerEvents } from 'graphile-worker';
import type { Pool } from 'pg';
import { expectTypeOf, test } from 'vitest';
import {
  deadLetters,
  type GraphileEvents,
  type GraphileHelpers,
  recover,
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
