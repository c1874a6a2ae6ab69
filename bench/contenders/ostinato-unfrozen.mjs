import { retry } from 'ostinato';

/** With a bare spec written where it is used: a new object, checked on each call. */
export const label = 'ostinato, spec in place';
export const packageName = 'ostinato';

export const prepare =
  ({ retries, delayMs }) =>
  (operation) =>
    retry(operation, { maxRetries: retries, backoff: 'constant', baseDelayMs: delayMs, jitter: 'none' });
