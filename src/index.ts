export type { AttemptContext, Operation } from './attempt/context.js';
export type { AttemptEvent, RetryEvent } from './attempt/events.js';
export type { Deciders } from './attempt/judge.js';
export { type AttemptRecord, type Reason, type Report, reportOf } from './attempt/report.js';
export { decide, type Decision, type Failure, type StopReason } from './decide.js';
export { decider, type DeciderOptions, verdictOf, type VerdictOptions } from './decider.js';
export type { RetryOptions } from './options.js';
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
export { retry } from './retry.js';
export type { Clock } from './time/clock.js';
export { permanent, retryAfter, retryIn } from './verdict/marks.js';
export { parseRetryAfter } from './verdict/retry-after.js';
export { classifyStatus } from './verdict/status.js';
export type { Verdict } from './verdict/verdict.js';
export { type Retried, withRetry } from './with-retry.js';
