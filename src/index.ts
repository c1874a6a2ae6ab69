export type { AttemptContext } from './attempt.js';
export type { Clock } from './clock.js';
export { decide, type Decision, type Failure, type StopReason } from './decide.js';
export type { RetryEvent, RetryOptions } from './options.js';
export { definePolicy, parsePolicy } from './policy/define.js';
export { type EnvOptions, policyFromEnv } from './policy/env.js';
export type { PolicyFault } from './policy/faults.js';
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
export { type AttemptRecord, type Reason, type Report, reportOf } from './report.js';
export { type Operation, retry } from './retry.js';
export { permanent, retryIn } from './verdict/marks.js';
export { parseRetryAfter } from './verdict/retry-after.js';
export { classifyStatus } from './verdict/status.js';
export type { Verdict } from './verdict/verdict.js';
export { type Retried, withRetry } from './with-retry.js';
