import { isRefusal } from '../persist.js';

/** What becomes of errors that are no attempt's: statements that failed, and what the caller's own watcher throws. */
export class Trouble {
  constructor(private readonly onError: ((error: unknown) => void) | undefined) {}

  /** A statement has failed and will be tried again. */
  readonly passing = (error: unknown): void => {
    try {
      this.onError?.(error);
    } catch (thrown) {
      // A watcher must not change what becomes of a job; but what it throws is not ours to swallow.
      uncaught(thrown);
    }
  };

  /**
   * A statement has failed for good. Where nobody is told, a refusal must not pass in silence: a consumer of a table
   * that does not exist would look like one that has nothing to do.
   */
  readonly final = (error: unknown): void => {
    if (this.onError) this.passing(error);
    else if (isRefusal(error)) uncaught(error);
  };
}

function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
