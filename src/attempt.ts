/** What an operation is told about the attempt it is called for. */
export interface AttemptContext {
  /** Counted from 1. */
  readonly attempt: number;
  /** Aborted when the caller aborts, or when this attempt has taken too long. Made when it is first read. */
  readonly signal: AbortSignal;
}

// Kept beside the attempts: one of them is made for every attempt of every call, and a signal for few.
const controllers = /* @__PURE__ */ new WeakMap<Attempt, AbortController>();

/** One attempt: its number, and a signal that costs nothing until somebody needs it. */
export class Attempt implements AttemptContext {
  constructor(readonly attempt: number) {}

  get signal(): AbortSignal {
    return controllerOf(this).signal;
  }

  abort(reason: unknown): void {
    controllerOf(this).abort(reason);
  }
}

function controllerOf(attempt: Attempt): AbortController {
  let controller = controllers.get(attempt);
  if (!controller) controllers.set(attempt, (controller = new AbortController()));
  return controller;
}
