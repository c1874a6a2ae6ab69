import type { Clock } from '../../src/index.js';

/** What the code of others throws. */
export const broken = new Error('broken code of others');

/** How often the code of others throws. */
export type Mode = 'once' | 'from then on';

/** Counts the calls of foreign code, and lets one of them throw, or all from that one on. */
export class Fault {
  calls = 0;
  /** Whether a call has thrown. */
  struck = false;

  constructor(
    readonly at: number,
    readonly mode: Mode,
  ) {}

  touch(): void {
    this.calls++;
    if (this.mode === 'once' ? this.calls !== this.at : this.calls < this.at) return;
    this.struck = true;
    throw broken;
  }
}

/** A clock whose functions throw at the fault. `live` has its timers: those not fired and not cancelled. */
export function faultyClock(clock: Clock, fault: Fault): { clock: Clock; live: Set<object> } {
  const live = new Set<object>();
  return {
    live,
    clock: {
      now: () => (fault.touch(), clock.now()),
      wallNow: () => (fault.touch(), clock.wallNow()),
      setTimer(ms, fn, unref) {
        fault.touch();
        const timer = {};
        live.add(timer);
        const fire = (): void => {
          live.delete(timer);
          fn();
        };
        const cancel = clock.setTimer(ms, fire, unref);
        return () => {
          // A clock that cannot cancel is not to blame on the library.
          live.delete(timer);
          fault.touch();
          cancel();
        };
      },
    },
  };
}

/** A signal as a small polyfill has it: functions as listeners only. Everything of it throws at the fault. */
export class FaultySignal {
  readonly listeners = new Set<() => void>();
  #isAborted = false;
  #reason: unknown;

  constructor(readonly fault: Fault) {}

  get aborted(): boolean {
    this.fault.touch();
    return this.#isAborted;
  }

  get reason(): unknown {
    this.fault.touch();
    return this.#reason;
  }

  addEventListener(type: string, listener: () => void): void {
    this.fault.touch();
    if (type !== 'abort' || typeof listener !== 'function') throw new TypeError('A listener is a function');
    this.listeners.add(listener);
  }

  removeEventListener(_: string, listener: () => void): void {
    // Removed, and then it throws: what is left is not to blame on the library.
    this.listeners.delete(listener);
    this.fault.touch();
  }

  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    for (const listener of this.listeners) listener();
  }
}

/** What Node would end the process for, from now until `stop`. */
export function unhandled(): { errors: unknown[]; stop: () => Promise<void> } {
  const errors: unknown[] = [];
  const note = (error: unknown): void => void errors.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  return {
    errors,
    async stop() {
      // Node reports a rejection when all microtasks have run.
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
    },
  };
}
