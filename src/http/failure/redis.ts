import { neverSent, perhapsSent, type Rule, useless } from './finding.js';
import type { Level } from './level.js';

/** States of a server or cluster that pass: the command was rejected, not applied. */
const TRANSIENT = /^(?:LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|BUSY|NOREPLICAS|READONLY)$/;
/** Replies that are an answer to this very command, or a matter for an operator. */
const FINAL =
  /^(?:ERR|MOVED|ASK|OOM|MISCONF|NOAUTH|WRONGPASS|NOPERM|WRONGTYPE|NOSCRIPT|EXECABORT|CROSSSLOT|UNBLOCKED|NOPROTO|UNKILLABLE|BUSYGROUP|NOGROUP|BUSYKEY)$/;

/** The server has no place for one more client. Redis, its cluster and hosting companies word it differently. */
const FULL = /(?:^|ERR )max(?:imum)? (?:number of |concurrent )(?:clients|connections)\b/i;

/** A blocking command that ended because the server changed its role. CLIENT UNBLOCK is another sentence. */
const FAILOVER = /^UNBLOCKED .*instance state changed/;

/** The reply that made EXEC fail: EXEC names it, or ioredis lists the replies before it. */
const reasonOf = (level: Level): string =>
  /^EXECABORT .* because of: (.+)/.exec(level.message)?.[1] ?? level.text('previousErrors', '0', 'message');

const firstWord = (reply: string): string => /^[A-Z]{3,}(?= |$)/.exec(reply)?.[0] ?? '';

/** An error reply has no code but the first word of its message, in capitals; that of a script may have none. */
export const redisReply: Rule = (level) => {
  const { message } = level;
  if (FULL.test(message)) return neverSent;
  const word = firstWord(message);
  const reply = word === 'EXECABORT' ? reasonOf(level) : message;
  if (TRANSIENT.test(firstWord(reply)) || FAILOVER.test(reply)) return { verdict: 'retry', sent: 'yes' };
  const isReply =
    level.isNamed(/^(?:ReplyError|ErrorReply)$/) ||
    // These names may be of somebody else.
    (word !== '' && level.isNamed(/^(?:SimpleError|BlobError)$/));
  return isReply || FINAL.test(word) ? { verdict: 'stop', sent: 'yes' } : undefined;
};

/**
 * Connections of the Redis clients, by class and by sentence. ioredis says "Connection is closed." for everything, also
 * where we have closed it ourselves: nobody can tell.
 */
export const redisConnection: Rule = (level) => {
  const { message } = level;
  if (
    level.isNamed(/^MaxRetriesPerRequestError$/) ||
    message.startsWith('Reached the max retries per request')
  ) {
    // ioredis has retried already, so another loop would multiply its attempts. With a limit of 0 it has not.
    return message.includes('(which is 0)') ? perhapsSent : useless;
  }
  if (level.isNamed(/^(?:ClientClosedError|DisconnectsClientError)$/) || message === 'The client is closed') {
    return useless;
  }
  if (
    level.isNamed(/^(?:ClientOfflineError|RootNodesUnavailableError|ClusterAllFailedError)$/) ||
    /^(?:The client is offline$|None of startup nodes is available|Failed to refresh slots cache|All the root nodes are unavailable|All sentinels are unreachable|Stream isn't writeable and enableOfflineQueue|Connection timeout$)/.test(
      message,
    )
  ) {
    return neverSent;
  }
  return level.isNamed(/^SocketClosedUnexpectedlyError$/) ||
    /^(?:Socket closed unexpectedly$|Command timed out$|Socket timeout)/.test(message)
    ? perhapsSent
    : undefined;
};
