import { readRetryHint } from '../hints.js';
import { retryAfter } from '../should-retry.js';
import { perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { headersOf, statusOf } from './status.js';

/** kafkajs, node-postgres pools and others; Cloudflare; tedious. */
const MAY_REPEAT = ['retryable', 'retriable', 'isTransient'];

/** Temporal. */
const MAY_NOT_REPEAT = ['nonRetryable', 'nonRetriable'];

/** BullMQ; Inngest; Cloudflare Workflows; kafkajs. */
const FINAL = /Unrecoverable|NonRetr[iy]able/;

/**
 * Errors that declare themselves whether they can be retried. Only booleans count, and some class names.
 * `nonRetryable: false` is Temporal's default, and the AI SDK computes its `isRetryable` from the status: these two give
 * way to a cause and to a status.
 */
export const declared: Rule = (level) => {
  const mayRepeat = MAY_REPEAT.map((name) => level.read(name)).find(isBoolean);
  const mayNotRepeat = MAY_NOT_REPEAT.map((name) => level.read(name)).find(isBoolean);
  // Cloudflare asks not to repeat requests to an overloaded object. Its errors are plain.
  if (level.read('overloaded') === true && level.name === 'Error') return useless;
  if (mayRepeat === false || mayNotRepeat || level.isNamed(FINAL)) return useless;
  const hasStatus = statusOf(level).value >= 400;
  if (mayRepeat) {
    if (!hasStatus) return { ...perhapsSent, wraps: true };
    return { verdict: retryAfter(readRetryHint(headersOf(level))), sent: 'yes' };
  }
  const isRetryable = level.read('isRetryable');
  if (hasStatus || (!isBoolean(isRetryable) && mayNotRepeat === undefined)) return undefined;
  return isRetryable === false ? useless : vaguely(perhapsSent);
};

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
