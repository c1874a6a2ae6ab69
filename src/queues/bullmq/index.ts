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
export type { ErrorData } from '../error.js';
export { deadLetters, type DeadLettersOptions } from './dead-letters.js';
export { processor, type Processor, type ProcessorOptions } from './processor.js';
export { type BackoffStrategy, type BullWorkerOptions, jobOptions, workerOptions } from './worker-options.js';
export type {
  BullDeadLetterQueue,
  BullDeadQueue,
  BullEntry,
  BullJob,
  BullJobOptions,
  BullQueue,
} from './host.js';
