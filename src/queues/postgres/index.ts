export type { ErrorData } from '../error.js';
export type { StopOptions } from '../stop.js';
export type {
  AttemptEvent,
  DeadLetter,
  DeadLetters,
  DeadReason,
  Handler,
  HistoryRow,
  JobContext,
  QueueOptions,
} from '../types.js';
export type { SqlClient, Statement } from './client.js';
export type { Column } from './columns.js';
export { consume, type ConsumeOptions, type Consumer, type Listen } from './consume.js';
export { deadLetters } from './dead-letters.js';
export type { AttemptNote, Claimed, TableHistoryRow, TableJob } from './job.js';
export type { TableQueue } from './table-queue.js';
export { tableQueue, type TableQueueOptions } from './table.js';
