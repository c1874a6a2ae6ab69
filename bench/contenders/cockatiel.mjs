import { ConstantBackoff, DelegateBackoff, handleAll, retry } from 'cockatiel';

export const label = 'cockatiel';
export const packageName = 'cockatiel';

export function prepare({ retries, delayMs, jitter = false }) {
  const backoff = jitter
    ? new DelegateBackoff(() => Math.round(Math.random() * delayMs))
    : new ConstantBackoff(delayMs);
  const policy = retry(handleAll, { maxAttempts: retries, backoff });
  return (operation) => policy.execute(operation);
}
