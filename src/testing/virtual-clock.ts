import type { Clock } from '../index.js';

/** Where a virtual clock starts. */
export interface VirtualClockOptions {
  /** The date it shows at first, in milliseconds since 1970, for hints that name an instant. Default 2000-01-01T00:00Z. */
  readonly wallMs?: number | undefined;
}

/** A clock that moves when told. Pass it to `retry` as the option `clock`, and hours take milliseconds. */
export interface VirtualClock extends Clock {
  /** How many timers wait: 0 after every call has ended. */
  readonly liveTimers: number;
  /**
   * Moves `ms` milliseconds on, through every timer on the way, in the order they are due (the first set goes first);
   * between two of them, everything that can go on without time goes on.
   *
   * @throws RangeError if `ms` is not a finite number >= 0.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves on, from timer to timer, until none is left. With a promise: until it has settled, and comes to the same;
   * `await clock.runAll(retry(operation, policy, { clock }))`. An operation that waits for anything but this clock
   * (a socket, a real timer) may not be ready in time: it is not waited for.
   *
   * @throws Error after a million timers: somebody retries without end.
   */
  runAll(): Promise<void>;
  runAll<T>(until: PromiseLike<T>): Promise<T>;
}

/** More than this is no end at all. */
const mostTimers = 1_000_000;

/** 2000-01-01T00:00Z. */
const defaultWallMs = 946_684_800_000;

/** A clock that stands still until `advance` or `runAll`; it begins at 0. */
export function virtualClock({ wallMs = defaultWallMs }: VirtualClockOptions = {}): VirtualClock {
  return new ManualClock(wallMs);
}

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

class ManualClock implements VirtualClock {
  #nowMs = 0;
  /** Sorted: what is due later stands behind, and of two due together the one that was set later. */
  readonly #timers: Timer[] = [];

  constructor(readonly startWallMs: number) {}

  // As fields, so that they may be passed on by themselves, as functions of a clock are.
  readonly now = (): number => this.#nowMs;
  readonly wallNow = (): number => this.startWallMs + this.#nowMs;
  readonly setTimer = (ms: number, fire: () => void): (() => void) => {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, ms), fire };
    const later = this.#timers.findLastIndex(({ dueMs }) => dueMs <= timer.dueMs);
    this.#timers.splice(later + 1, 0, timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  };

  get liveTimers(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity))
      throw new RangeError(`advance(ms): ms is a number >= 0, got ${String(ms)}`);
    const targetMs = this.#nowMs + ms;
    await settle();
    while (this.#timers.length > 0 && this.#timers[0]!.dueMs <= targetMs) {
      this.#fireNext();
      await settle();
    }
    this.#nowMs = targetMs;
  }

  async runAll<T>(until?: PromiseLike<T>): Promise<T> {
    const waitingFor = new Set([until]);
    const settled = (): void => waitingFor.clear();
    until?.then(settled, settled);
    await settle();
    for (let fired = 0; this.#timers.length > 0 && waitingFor.size > 0; fired++) {
      if (fired === mostTimers) throw new Error(`runAll: ${mostTimers} timers, and no end`);
      this.#fireNext();
      await settle();
    }
    return until as PromiseLike<T>;
  }

  #fireNext(): void {
    const { dueMs, fire } = this.#timers.shift()!;
    this.#nowMs = dueMs;
    fire();
  }
}

// A message is what comes after all microtasks and is not faked by fake timers. One channel for all, which does not
// keep the process alive while nobody waits.
interface Port extends MessagePort {
  ref?(): void;
  unref?(): void;
}
let channel: { readonly port1: Port; readonly port2: Port } | undefined;
const waiting: (() => void)[] = [];

/** Resolves when everything that can go on without time has gone on. */
function settle(): Promise<void> {
  channel ??= listen(new MessageChannel());
  const { port1, port2 } = channel;
  port1.ref?.();
  port2.postMessage(undefined);
  return new Promise((resolve) => waiting.push(resolve));
}

function listen(made: MessageChannel): MessageChannel {
  const port: Port = made.port1;
  port.addEventListener('message', () => {
    waiting.shift()?.();
    if (waiting.length === 0) port.unref?.();
  });
  port.start();
  return made;
}
