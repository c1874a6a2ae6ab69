import { backOff } from 'exponential-backoff';

export const label = 'exponential-backoff';
export const packageName = 'exponential-backoff';

export function prepare({ retries, delayMs, jitter = false }) {
  const options = {
    numOfAttempts: retries + 1,
    startingDelay: delayMs,
    timeMultiple: 1,
    maxDelay: delayMs,
    jitter: jitter ? 'full' : 'none',
  };
  return (operation) => backOff(operation, options);
}
