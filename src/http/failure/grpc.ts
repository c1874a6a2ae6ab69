import { longer, readRetryHint } from '../hints.js';
import { fieldOf } from '../../internal.js';
import { retryAfter } from '../should-retry.js';
import { type Finding, neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';
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

/** The codes that matter, as protobuf-ts has them. */
const NAMES: Readonly<Record<string, number | undefined>> = {
  CANCELLED,
  DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
};

/**
 * The number of the status. Small numbers alone are codes of many things: beside them are `details` and `metadata`
 * (grpc-js) or a `path` (nice-grpc), a `rawMessage` (Connect), or the name `RpcError` (grpc-web, protobuf-ts).
 */
function codeOf(level: Level): number | undefined {
  const isRpcError = level.isNamed(/^RpcError$/);
  const isStatus =
    isRpcError ||
    typeof level.read('rawMessage') === 'string' ||
    (typeof level.read('details') === 'string' && (isObject(level.read('metadata')) || level.text('path')));
  const code = isRpcError && level.code ? (NAMES[level.code] ?? UNKNOWN) : level.read('code');
  return isStatus && typeof code === 'number' && code > 0 && code <= LAST ? code : undefined;
}

function ofCode(code: number, level: Level): Finding {
  const isTransient = code === UNAVAILABLE || code === RESOURCE_EXHAUSTED;
  const metadata = level.read('metadata') ?? level.read('meta');
  const pushback = fieldOf(metadata, 'grpc-retry-pushback-ms');
  const hintMs = longer(readRetryHint(metadata), retryInfo(level));
  // A pushback that is no delay forbids a retry.
  const isForbidden = pushback !== '' && readRetryHint({ 'grpc-retry-pushback-ms': pushback }) === undefined;
  if (!isTransient || isForbidden) {
    return { verdict: 'stop', sent: code === DEADLINE_EXCEEDED ? 'maybe' : 'yes' };
  }
  if (hintMs !== undefined || code !== UNAVAILABLE) return { verdict: retryAfter(hintMs), sent: 'yes' };
  return UNSENT.test(level.text('details') || level.text('rawMessage')) ? neverSent : perhapsSent;
}
