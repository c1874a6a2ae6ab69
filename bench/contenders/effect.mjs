import * as Effect from 'effect/Effect';
import * as Schedule from 'effect/Schedule';

export const label = 'Effect';
export const packageName = 'effect';

const unchanged = (error) => error;

export function prepare({ retries, delayMs, jitter = false }) {
  const spaced = Schedule.spaced(delayMs);
  const schedule = jitter
    ? Schedule.modifyDelay(spaced, () => Effect.succeed(Math.round(Math.random() * delayMs)))
    : spaced;
  const options = { schedule, times: retries };
  return (operation) =>
    Effect.runPromise(Effect.retry(Effect.tryPromise({ try: operation, catch: unchanged }), options));
}
