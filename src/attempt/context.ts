/** An accessor, which an interface cannot declare: TypeScript then knows that `{ ...context }` has no `signal`. */
declare abstract class WithSignal {
  /** Aborted when the caller aborts, or when this attempt has reached its time limit. Created when it is first read. */
  get signal(): AbortSignal;
}

/** What an operation gets: the number of the attempt and a signal to stop by. */
export interface AttemptContext extends WithSignal {
  /** Counted from 1. */
  readonly attempt: number;
}

/** The user's function: called once for each attempt. It may be synchronous. */
export type Operation<T> = (context: AttemptContext) => T | PromiseLike<T>;

/** The context of one attempt. Its signal costs nothing until it is read. */
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
