import { hintOf, markOf } from '../../internal.js';
import { abort } from './abort.js';
import { aws } from './aws.js';
import { chromium } from './chromium.js';
import { declared } from './declared.js';
import { type Finding, neverSent, type Rule, type Sent } from './finding.js';
import { grpc } from './grpc.js';
import { hyper } from './hyper.js';
import { isObject, Level, MOST } from './level.js';
import { message } from './message.js';
import { mongodb } from './mongodb.js';
import { mssql } from './mssql.js';
import { mysql, mysqlConnection } from './mysql.js';
import { network } from './network.js';
import { pooler } from './pooler.js';
import { postgres, postgresConnection } from './postgres.js';
import { prisma } from './prisma.js';
import { rateLimited } from './rate-limited.js';
import { redisConnection, redisReply } from './redis.js';
import { sqlite } from './sqlite.js';
import { redirect, status } from './status.js';
import { timeout } from './timeout.js';
import { tls, tlsInWords } from './tls.js';
import { tunnel } from './tunnel.js';
import { usage } from './usage.js';

/** How deep causes and parts are followed. Of errors in all, `MOST` are looked at. */
const DEPTH = 10;

/** In this order at each level: whose word on the failure is more definite comes first. */
const RULES: readonly Rule[] = [
  // A mark is the caller's own word, which the core reads.
  ({ error }) => (markOf(error) === undefined ? undefined : { verdict: undefined }),
  tunnel,
  abort,
  aws,
  mongodb,
  prisma,
  mssql,
  declared,
  rateLimited,
  mysql,
  sqlite,
  timeout,
  tls,
  grpc,
  pooler,
  postgres,
  status,
  redisReply,
  network,
  chromium,
  postgresConnection,
  redisConnection,
  mysqlConnection,
  usage,
  hyper,
  message,
  tlsInWords,
  redirect,
];

/**
 * What is known about a failure: the outermost error first, then its causes. The first definite finding wins, else the
 * deepest vague one. Follows no cycle, and takes a bounded number of steps, whatever was thrown.
 */
export function find(error: unknown, depth = 0, seen = new Set<unknown>()): Finding | undefined {
  let vague: Finding | undefined;
  for (let next = error; depth < DEPTH && isObject(next); depth++) {
    if (seen.has(next) || seen.size >= MOST) break;
    seen.add(next);
    const level = new Level(next);
    const finding = ofParts(level, depth, seen) ?? ofLevel(level);
    next = level.inner;
    if (finding && !finding.vague) {
      return finding.wraps && find(next, depth + 1, seen)?.sent === 'no' ? neverSent : finding;
    }
    vague = finding ?? vague;
  }
  return vague;
}

function ofLevel(level: Level): Finding | undefined {
  for (const rule of RULES) {
    const finding = rule(level);
    if (finding) return finding;
  }
  return undefined;
}

/**
 * Several failures together. One that stops, stops all; except a part of a connection attempt (Node tries each address of a
 * host), which speaks for its own address only: that stops if all parts do.
 */
function ofParts(level: Level, depth: number, seen: Set<unknown>): Finding | undefined {
  const parts = level.list('errors');
  const isAggregate = level.isNamed(/^AggregateError$/) || level.isA(AggregateError);
  if (!isAggregate) return undefined;
  const findings = parts.flatMap((part) => find(part, depth + 1, seen) ?? []);
  const final = findings.filter(({ verdict }) => verdict === undefined || verdict === 'stop');
  const veto = final.find(({ sent }) => sent !== 'no');
  if (veto) return veto;
  const open = findings.filter((finding) => !final.includes(finding));
  return open.length === 0 ? final[0] : open.reduce(worse);
}

const CERTAINTY: readonly (Sent | undefined)[] = ['no', 'maybe', 'yes'];

/** Both are retried: after the longer hint, and as carefully as the more doubtful one demands. */
function worse(a: Finding, b: Finding): Finding {
  return {
    verdict: (hintOf(b.verdict) ?? -1) > (hintOf(a.verdict) ?? -1) ? b.verdict : a.verdict,
    sent: CERTAINTY.indexOf(b.sent) > CERTAINTY.indexOf(a.sent) ? b.sent : a.sent,
  };
}
