import { platform } from './clock.js';

/** A reading of the clock; an object, since every call that kept a number with a fraction would put a copy on the heap. */
export interface Reading {
  readonly ms: number;
}

let reading: Reading = { ms: 0 };
let burst = 0;
/** What the end of this turn of the event loop is awaited with; a fake one may never call, and is told by that. */
let turns: typeof setImmediate | undefined;

/**
 * `performance.now()` for calls that begin one right after the other. Reading the clock costs as much as the whole of
 * an operation that succeeds at once; so a reading made within 50 µs of the one before is used for 64 more, but in this
 * turn of the event loop only (and only where turns can be told, that is, where `setImmediate` is). A clock that stands
 * still, as fake ones do, is read every time.
 */
export function burstReading(): Reading {
  if (burst > 0 && turns === setImmediate) {
    burst--;
    return reading;
  }
  return freshReading();
}

function freshReading(): Reading {
  const ms = platform.now();
  const sinceMs = ms - reading.ms;
  reading = { ms };
  burst = sinceMs > 0 && sinceMs < 0.05 && typeof setImmediate === 'function' ? 64 : 0;
  if (burst && turns !== setImmediate) {
    turns = setImmediate;
    setImmediate(() => (turns = undefined));
  }
  return reading;
}
