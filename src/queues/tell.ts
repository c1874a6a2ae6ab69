import { at, observe, systemClock } from '../internal.js';
import type { Run } from './run.js';
import { type ErrorData, errorData } from './error.js';
import type { RunEvent, UnrunEvent } from './types.js';

/** How long `onAttempt` is awaited. */
const LIMIT_MS = 5_000;

/** An event without what `tell` adds. */
export type Told<Event> = Omit<Event, 'name' | 'queue' | 'id' | 'job'>;

/**
 * Calls `onAttempt` and waits for it, at most 5 seconds: an observer that hangs must not hold the job. Returns what the
 * observer threw in that time, for the history.
 */
export async function tell<Job>(
  { options, job, queue, id }: Run<Job>,
  event: Told<RunEvent<Job>> | Told<UnrunEvent<Job>>,
): Promise<ErrorData | undefined> {
  const { onAttempt, name, clock: given } = options;
  if (!onAttempt) return undefined;
  const clock = given ?? systemClock;
  let hookError: ErrorData | undefined;
  const full = { ...event, name: name ?? queue, queue, id, job } as RunEvent<Job> | UnrunEvent<Job>;
  const observed = observe(onAttempt, full, (thrown) => {
    hookError = errorData(thrown);
  });
  let cancel: (() => void) | undefined;
  const late = new Promise<void>((resolve) => {
    cancel = at(clock.now() + LIMIT_MS, resolve, clock);
  });
  await Promise.race([observed, late]);
  cancel?.();
  return hookError;
}
