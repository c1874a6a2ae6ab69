import { retry } from '@lifeomic/attempt';

export const label = '@lifeomic/attempt';
export const packageName = '@lifeomic/attempt';

export function prepare({ retries, delayMs, jitter = false }) {
  const options = { maxAttempts: retries + 1, delay: delayMs, factor: 1, minDelay: 0, jitter };
  return (operation) => retry(operation, options);
}
