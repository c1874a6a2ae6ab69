import retry from 'async-retry';

export const label = 'async-retry';
export const packageName = 'async-retry';

export function prepare({ retries, delayMs }) {
  const options = { retries, factor: 1, minTimeout: delayMs, maxTimeout: delayMs, randomize: false };
  return (operation) => retry(operation, options);
}
