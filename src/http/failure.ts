import type { Verdict } from '../index.js';
import { find } from './failure/find.js';

/**
 * The verdict on the errors of real clients, to be passed as `classify`; undefined, no opinion, for what it does not
 * know. Never throws, looks at a bounded number of causes and parts.
 *
 * Lost connections, DNS failures and timeouts are retried; certificates, aborts, redirects without end, peers that do
 * not speak HTTP and wrong usage stop; "fetch failed" is judged by its cause; SQLSTATEs, Redis replies and gRPC statuses
 * by whether the same command can succeed later. HTTP statuses are left to the policy (the result is undefined), except
 * where the response says more than its status: `x-should-retry`, hints other than `Retry-After`, throttling by AWS,
 * a quota that is used up. Marks (`permanent`, `retryIn`) are left to the core as well.
 */
export function classifyFailure(error: unknown): Verdict | undefined {
  return find(error)?.verdict;
}
