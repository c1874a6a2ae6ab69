import { find } from './failure/find.js';
import type { Sent } from './failure/finding.js';

/**
 * Whether anything of a failed request can have reached the server, which decides if a POST may be sent again:
 * `'no'` (refused, unresolved, lost before the connection was made), `'maybe'` (reset, cut off, timed out) or `'yes'`
 * (it has answered). Undefined where nothing can be told, or where the failure is not about the connection. Never throws.
 */
export function requestSent(error: unknown): Sent | undefined {
  return find(error)?.sent;
}
