/** What an operation is told about the attempt it is called for. */
export interface AttemptContext {
  /** Counted from 1. */
  readonly attempt: number;
  /** Aborted when the caller aborts, or when this attempt has taken too long. Made when it is first read. */
  readonly signal: AbortSignal;
}

/** One attempt: its number, and a signal that costs nothing until somebody asks for it. */
export class Attempt implements AttemptContext {
  readonly attempt: number;
  #controller: AbortController | undefined;
  #cut: { readonly reason: unknown } | undefined;

  constructor(attempt: number) {
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    // Asked for after the end, it is aborted from the start; aborting twice is nothing.
    if (this.#cut) this.#controller.abort(this.#cut.reason);
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#cut = { reason };
    this.#controller?.abort(reason);
  }
}
