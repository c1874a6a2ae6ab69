export type {
  AttemptEvent,
  DeadLetter,
  DeadLetters,
  DeadReason,
  HistoryRow,
  JobContext,
  QueueOptions,
} from '../types.js';
export { deadLetters } from './dead-letters.js';
export type { GraphileEvents, GraphileHelpers, GraphileJob, GraphileTask, SqlClient } from './host.js';
export type { Names } from './names.js';
export { recover, type Recovery, type RecoverOptions } from './recover.js';
export { schema } from './schema.js';
export { type GraphileHandler, task, type TaskOptions } from './task.js';
export { taskSpec } from './task-spec.js';
