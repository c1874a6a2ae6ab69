export {
  assertSchedule,
  type CheckOptions,
  checkSchedule,
  type ScheduleCheck,
  type Violation,
} from './check.js';
export type { LawName } from './laws/law.js';
export { type LawCheck, laws } from './named-laws.js';
export type { Subject } from './subject.js';
