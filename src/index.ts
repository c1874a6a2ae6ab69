export { decide, type Decision, type Failure, type StopReason } from './decide.js';
export { delayFor, delayRange } from './policy/jitter.js';
export type {
  BackoffKind,
  Jitter,
  JitterName,
  PolicySpec,
  RetryPolicy,
  StatusPattern,
} from './policy/policy.js';
export { presets } from './policy/presets.js';
export { schedule, type ScheduleRow } from './policy/schedule.js';
export { type Random, seeded } from './random.js';
export type { Verdict } from './verdict/verdict.js';
