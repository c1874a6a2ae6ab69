/**
 * An accessor, which an interface cannot declare: so TypeScript knows that a copy by `{ ...context }` is without it.
 */
declare abstract class Lazy {
  /** Aborted when the caller aborts, or when this attempt has taken too long. Made when it is first read. */
  get signal(): AbortSignal;
}

/** What an operation is told about the attempt it is called for. */
export interface AttemptContext extends Lazy {
  /** Counted from 1. */
  readonly attempt: number;
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
