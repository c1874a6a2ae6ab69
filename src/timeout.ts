import { MARK } from './verdict/marks.js';

/**
 * The error of an attempt that took too long. It carries a mark: a time limit of ours is worth a retry, whatever its
 * cause says, also to another `retry` around this one.
 */
export const TimeoutError = /* @__PURE__ */ (() => {
  // oxlint-disable-next-line no-shadow -- the class needs its name, and bundlers this wrapping, to leave it out where it is not used
  class TimeoutError extends Error {}
  Object.assign(TimeoutError.prototype, { name: 'TimeoutError', [MARK]: 'retry' });
  return TimeoutError;
})();
