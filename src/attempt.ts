/**
 * What an operation is told about the attempt it is called for. Declared as a class so that TypeScript sees it too: a
 * copy by `{ ...context }` has no signal, which is made when it is first read.
 */
export declare abstract class AttemptContext {
  /** Counted from 1. */
  readonly attempt: number;
  /** Aborted when the caller aborts, or when this attempt has taken too long. Made when it is first read. */
  get signal(): AbortSignal;
}

/** One attempt: its number, and a signal that costs nothing until somebody needs it. */
export class Attempt implements AttemptContext {
  #controller: AbortController | undefined;

  constructor(readonly attempt: number) {}

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }
}
