import { MARK } from './verdict/marks.js';

/**
 * The error of an attempt that took too long. It carries a mark: a time limit of ours is worth a retry, whatever its
 * cause says, also to another `retry` around this one.
 */
export const TimeoutError = /* @__PURE__ */ (() =>
  class extends Error {
    override get name(): string {
      return 'TimeoutError';
    }

    get [MARK](): string {
      return 'retry';
    }
  })();
