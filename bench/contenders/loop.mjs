import { setTimeout as abortableSleep } from 'node:timers/promises';

/** The floor every ratio refers to: the loop people write themselves, as well as it is commonly written. */
export const label = 'loop';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function prepare({ retries, delayMs, jitter = false, signal }) {
  if (signal) return (operation) => abortableLoop(operation, retries, delayMs, signal);
  if (jitter) return (operation) => jitteredLoop(operation, retries, delayMs);
  return (operation) => loop(operation, retries, delayMs);
}

async function loop(operation, retries, delayMs) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (attempt > retries) throw error;
      await sleep(delayMs);
    }
  }
}

async function jitteredLoop(operation, retries, delayMs) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (attempt > retries) throw error;
      await sleep(Math.round(Math.random() * delayMs));
    }
  }
}

async function abortableLoop(operation, retries, delayMs, signal) {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await operation();
    } catch (error) {
      if (attempt > retries) throw error;
      await abortableSleep(delayMs, undefined, { signal });
    }
  }
}
