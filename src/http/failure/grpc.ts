import { longer, readRetryHint } from '../hints.js';
import { fieldOf } from '../../internal.js';
import { retryAfter } from '../should-retry.js';
import { type Finding, type Rule, useless, vaguely } from './finding.js';
import { retryInfo } from './google.js';
import { isObject, type Level } from './level.js';

const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const LAST = 16;

/** A connection that could not be made, in the words of the channel. */
const UNSENT =
  /Name resolution failed|\bE(?:CONNREFUSED|NOTFOUND|AI_AGAIN|HOSTUNREACH|NETUNREACH)\b|connect E/;

/**
 * A gRPC status: UNAVAILABLE and RESOURCE_EXHAUSTED are refusals of the moment; ABORTED needs the whole unit again and
 * DEADLINE_EXCEEDED a new deadline, so they are the caller's to decide.
 */
export const grpc: Rule = (level) => {
  const code = codeOf(level);
  if (code === undefined) return undefined;
  if (code === CANCELLED) return useless;
  const finding = ofCode(code, level);
  // Connect puts its own code on a connection that was lost: there the cause knows.
  return isObject(level.read('cause')) ? vaguely(finding) : finding;
};

/**
 * The number of the status. Small numbers alone are codes of many things: beside them are `details` and `metadata`
 * (grpc-js) or a `path` (nice-grpc), a `rawMessage` (Connect), or the name `RpcError` (grpc-web; protobuf-ts has names).
 */
function codeOf(level: Level): number | undefined {
  const code = level.read('code');
  const isRpcError = level.isNamed(/^RpcError$/);
  const isStatus =
    isRpcError ||
    typeof level.read('rawMessage') === 'string' ||
    (typeof level.read('details') === 'string' &&
      (typeof level.read('metadata') === 'object' || level.text('path').startsWith('/')));
  if (!isStatus) return undefined;
  if (isRpcError && level.code) return NAMES[level.code] ?? UNKNOWN;
  return Number.isInteger(code) && (code as number) > 0 && (code as number) <= LAST
    ? (code as number)
    : undefined;
}

const NAMES: Readonly<Record<string, number | undefined>> = {
  CANCELLED,
  DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
};

function ofCode(code: number, level: Level): Finding {
  const metadata = level.read('metadata') ?? level.read('meta');
  const isTransient = code === UNAVAILABLE || code === RESOURCE_EXHAUSTED;
  const pushback = fieldOf(metadata, 'grpc-retry-pushback-ms');
  if (pushback !== '') {
    // The server has said when, or (with what is no delay) never.
    const retryAfterMs = readRetryHint({ 'grpc-retry-pushback-ms': pushback });
    return { verdict: retryAfterMs === undefined || !isTransient ? 'stop' : { retryAfterMs }, sent: 'yes' };
  }
  const hintMs = isTransient ? longer(readRetryHint(metadata), retryInfo(level)) : undefined;
  const isUnsent = UNSENT.test(level.text('details') || level.text('rawMessage'));
  return {
    verdict: isTransient ? retryAfter(hintMs) : 'stop',
    sent:
      code === UNAVAILABLE && hintMs === undefined
        ? isUnsent
          ? 'no'
          : 'maybe'
        : code === DEADLINE_EXCEEDED
          ? 'maybe'
          : 'yes',
  };
}
