import type { UndiciController } from './host.js';

/**
 * The controller that the caller's handler keeps. undici makes a new controller for each attempt; this one stands for the
 * controller of the current attempt, and leaves an abort to `onAbort`.
 */
export class StableController implements UndiciController {
  #target: UndiciController | undefined;
  #paused = false;
  #aborted: { readonly reason: unknown } | undefined;

  constructor(readonly onAbort: (reason: unknown) => void) {}

  set target(target: UndiciController) {
    this.#target = target;
    if (this.#paused) target.pause();
  }

  pause(): void {
    this.#paused = true;
    this.#target?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#target?.resume();
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.onAbort(reason);
  }

  get paused(): boolean {
    return this.#paused;
  }

  get aborted(): boolean {
    return this.#aborted !== undefined;
  }

  get reason(): unknown {
    return this.#aborted?.reason ?? null;
  }

  get rawHeaders(): unknown {
    return this.#target?.rawHeaders ?? null;
  }

  set rawHeaders(value: unknown) {
    if (this.#target) this.#target.rawHeaders = value;
  }

  get rawTrailers(): unknown {
    return this.#target?.rawTrailers ?? null;
  }

  set rawTrailers(value: unknown) {
    if (this.#target) this.#target.rawTrailers = value;
  }
}
