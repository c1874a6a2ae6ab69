export { assertSchedule, type CheckOptions, checkSchedule } from './check.js';
export { type Flaky, flaky, type FlakyOptions } from './flaky.js';
export type { LawName } from './laws/law.js';
export { type LawCheck, laws } from './named-laws.js';
export type { ScheduleCheck, Violation } from './result.js';
export type { Subject } from './subject.js';
export { type Outcome, trace, type TraceOptions, type TraceRow } from './trace.js';
export { type VirtualClock, virtualClock, type VirtualClockOptions } from './virtual-clock.js';
