import { type Clock, MAX_TIMER_MS } from '../../internal.js';

/** What a consumer with nothing to do waits by. One waits, anybody rings; what rings while nobody waits ends the next wait. */
export class Alarm {
  #atMs = Infinity;
  #end: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Ends the wait after `ms` at the latest (0: now; what no timer can wait for ends it early, which does no harm). */
  ring(ms = 0): void {
    const atMs = this.clock.now() + Math.min(ms, MAX_TIMER_MS);
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    if (this.#end) this.#arm();
  }

  /** Forgets what has rung so far: what it rang for is about to be looked after. */
  clear(): void {
    this.#atMs = Infinity;
  }

  /** Waits until it rings. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      this.#arm();
    });
    this.#end = undefined;
  }

  #arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#atMs === Infinity) return;
    const ms = Math.max(0, Math.ceil(this.#atMs - this.clock.now()));
    if (ms === 0) this.#end?.();
    else this.#cancel = this.clock.setTimer(ms, () => this.#end?.(), false);
  }
}
