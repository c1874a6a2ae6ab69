import type { Clock } from '../time/clock.js';
import type { RetryPolicy } from '../policy/policy.js';
import { markOf } from './marks.js';
import { NETWORK_MESSAGE } from './network-message.js';
import { responseIn } from './places.js';
import { keptResponse } from './responses.js';
import { readRetryAfter } from './retry-after.js';
import { classifyStatus } from './status.js';
import { hintOf, type Verdict } from './verdict.js';

type Statuses = Pick<RetryPolicy, 'retryStatuses'>;

/** Tells the time, for hints that name an instant. */
type WallClock = Pick<Clock, 'wallNow'>;

/** What is read of a failure; anything may be missing, and may be anything. */
interface Shape {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** How deep causes and parts are followed. */
const DEPTH = 10;

/** How many AggregateErrors are opened. */
const MOST = 100;

/**
 * The built-in rules: what a failure means where the caller has no opinion. The outermost error first, then its
 * causes; the first rule that knows decides: a mark, an abort, an HTTP status, the parts of an AggregateError. If none
 * does, an error of programming stops, and everything else is retried. Never throws, whatever was thrown.
 */
export function judge(
  error: unknown,
  policy: Statuses,
  clock: WallClock,
  depth = 0,
  budget = { left: MOST },
): Verdict {
  let otherwise: Verdict = 'retry';
  try {
    for (let level = error as Shape; depth < DEPTH && Object(level) === level; depth++) {
      const verdict =
        markOf(level) ??
        abortVerdict(level) ??
        statusVerdict(level, policy, clock) ??
        partsVerdict(level, policy, clock, depth, budget);
      if (verdict) return verdict;
      if (isProgrammingError(level)) otherwise = 'stop';
      level = level.cause as Shape;
    }
  } catch {
    // A getter that throws ends the search: what it hides cannot be known.
  }
  return otherwise;
}

/** An abort stops; but some clients reject with an AbortError where a time limit was the cause. */
function abortVerdict({ name, cause }: Shape): Verdict | undefined {
  if (name !== 'AbortError') return undefined;
  return (cause as Shape | undefined)?.name === 'TimeoutError' ? 'retry' : 'stop';
}

/** A status below 400 decides nothing: it may stand on an error for a body that was cut off. */
function statusVerdict(error: Shape, policy: Statuses, clock: WallClock): Verdict | undefined {
  const { status, headers = error } = keptResponse(error) ?? responseIn(error);
  if (!(status! >= 400)) return undefined;
  const verdict = classifyStatus(status!, policy);
  // 403 and 413 say "not now" only if they say until when.
  if (verdict !== 'retry' && status !== 403 && status !== 413) return verdict;
  const retryAfterMs = readRetryAfter(headers, clock.wallNow());
  return retryAfterMs === undefined ? verdict : { retryAfterMs };
}

/** One part that stops, stops all; else they are retried, after the longest of their hints and exact delays. */
function partsVerdict(
  error: Shape,
  policy: Statuses,
  clock: WallClock,
  depth: number,
  budget: { left: number },
): Verdict | undefined {
  // An error may be a part of itself, or make new parts at each look.
  if (
    (error.name !== 'AggregateError' && !(error instanceof AggregateError)) ||
    !Array.isArray(error.errors) ||
    budget.left-- < 1
  )
    return undefined;
  let all: Verdict | undefined;
  for (const part of error.errors as unknown[]) {
    const verdict = judge(part, policy, clock, depth + 1, budget);
    if (verdict === 'stop') return verdict;
    if (!all || msOf(verdict) > msOf(all)) all = verdict;
  }
  return all;
}

/** The hint or the exact delay of a verdict; -1 if it has neither. */
const msOf = (verdict: Verdict): number =>
  hintOf(verdict) ?? (verdict as { readonly delayMs?: number }).delayMs ?? -1;

/** What no second try can mend. A TypeError is also what lost networks are reported as; those have a known message, or a system's code. */
function isProgrammingError({ name, code, message }: Shape): boolean {
  return (
    name === 'ReferenceError' ||
    (name === 'TypeError' &&
      !NETWORK_MESSAGE.test(message as string) &&
      (typeof code !== 'string' || code.startsWith('ERR_')))
  );
}
