import type { Verdict } from '../index.js';
import { keepResponse } from '../internal.js';
import { find } from './failure/find.js';
import type { Finding } from './failure/finding.js';

/**
 * The verdict on the errors of real clients, to be passed as `classify`; undefined, no opinion, for what it does not
 * know. Never throws, looks at a bounded number of causes and parts.
 *
 * Lost connections, DNS failures and timeouts are retried; certificates, aborts, redirects without end, peers that do
 * not speak HTTP and wrong usage stop; "fetch failed" is judged by its cause; SQLSTATEs, Redis replies, gRPC statuses and
 * the codes of MySQL, SQLite, MongoDB, Prisma and SQL Server by whether the same command can succeed later. What an error declares about
 * itself (`retryable`, `nonRetryable`, …) is believed where it is a boolean.
 *
 * HTTP statuses are left to the policy (the result is undefined), except where the response says more than its status:
 * `x-should-retry`, hints other than `Retry-After`, throttling by AWS and Google, a quota that is used up, a 409 to a
 * request with an Idempotency-Key. Marks (`permanent`, `retryAfter`, `retryIn`) are left to the core as well.
 */
export function classifyFailure(error: unknown): Verdict | undefined {
  return judged(error)?.verdict;
}

/** What is known about a failure. If that is a response, the core gets it, to judge its status by the policy. */
export function judged(error: unknown): Finding | undefined {
  const finding = find(error);
  if (finding?.response) keepResponse(error as object, finding.response);
  return finding;
}
