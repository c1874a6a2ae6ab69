// The door of the core for the other entry points of this package. Not public: nothing here is exported to users.
export { watch } from './abort.js';
export { type AttemptContext, Attempt } from './attempt.js';
export { checkFunction, checkOptions } from './check-options.js';
export { type Clock, MAX_TIMER_MS, platform } from './clock.js';
export { resolvePolicy } from './policy/define.js';
export { callOptions, fetchOptions, type OptionKind } from './policy/names.js';
export { isPlain, isStatus } from './policy/rules.js';
export { freshSeed, unseeded } from './random.js';
export { remember, type Report } from './report.js';
export { show } from './show.js';
export { systemClock } from './system-clock.js';
export { TimeoutError } from './timeout.js';
export { judge } from './verdict/classify.js';
export { decimal, fieldOf, trimmed, wholeMs } from './verdict/field.js';
export { markOf } from './verdict/marks.js';
export { readRetryAfter, serverNow } from './verdict/retry-after.js';
export { checkVerdict, hintOf } from './verdict/verdict.js';
