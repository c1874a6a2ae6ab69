import pRetry from 'p-retry';

export const label = 'p-retry';
export const packageName = 'p-retry';

export function prepare({ retries, delayMs, signal }) {
  const options = {
    retries,
    factor: 1,
    minTimeout: delayMs,
    maxTimeout: delayMs,
    randomize: false,
    ...(signal && { signal }),
  };
  return (operation) => pRetry(operation, options);
}
