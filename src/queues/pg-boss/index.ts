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
export { deadLetters, type DeadLettersOptions } from './dead-letters.js';
export type { Boss, BossJob, BossWorkOptions, DeadBoss, DeadBossJob } from './host.js';
export { type BossQueueOptions, queueOptions } from './queue-options.js';
export { type BossWorker, work, type WorkOptions } from './work.js';
