import { readRetryHint } from '../hints.js';
import { fieldOf } from '../../internal.js';
import { type Finding, type Rule, useless } from './finding.js';

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

/** A connection that could not be made, in the words of the channel. */
const UNSENT =
  /Name resolution failed|\bE(?:CONNREFUSED|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH)\b|connect E/;

/**
 * A gRPC status: a small number, with `details` and `metadata` beside it (numbers alone are codes of DOMException too).
 * UNAVAILABLE and RESOURCE_EXHAUSTED are refusals of the moment; ABORTED needs the whole unit again and
 * DEADLINE_EXCEEDED a new deadline, so they are the caller's to decide.
 */
export const grpc: Rule = (level) => {
  const code = level.read('code');
  const metadata = level.read('metadata');
  const details = level.read('details');
  if (typeof code !== 'number' || typeof details !== 'string' || typeof metadata !== 'object')
    return undefined;
  if (code === CANCELLED) return useless;
  if (fieldOf(metadata, 'grpc-retry-pushback-ms') !== '') return pushedBack(code, metadata);
  const sent =
    code === UNAVAILABLE
      ? UNSENT.test(details)
        ? 'no'
        : 'maybe'
      : code === DEADLINE_EXCEEDED
        ? 'maybe'
        : 'yes';
  return { verdict: isTransient(code) ? 'retry' : 'stop', sent };
};

/** The server has said when, or (with what is no delay) never. */
function pushedBack(code: number, metadata: unknown): Finding {
  const retryAfterMs = readRetryHint({
    get: (name: string) => (name.startsWith('grpc-') ? fieldOf(metadata, name) : ''),
  });
  return {
    verdict: retryAfterMs === undefined || !isTransient(code) ? 'stop' : { retryAfterMs },
    sent: 'yes',
  };
}

const isTransient = (code: number): boolean => code === UNAVAILABLE || code === RESOURCE_EXHAUSTED;
