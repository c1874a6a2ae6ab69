import { find } from './failure/find.js';
import type { Sent } from './failure/finding.js';
import { isObject, Level } from './failure/level.js';

/**
 * Whether anything of a failed request can have reached a server, which decides if a POST may be sent again: `'no'`
 * (refused, unresolved, lost before the connection was made), `'maybe'` (reset, cut off, timed out) or `'yes'` (a server
 * has answered, also with a redirect). Undefined where nothing is known, or where the failure is not about the
 * connection. Never throws.
 *
 * The errors of axios and got tell whether a redirect came before, and those of ky whether one can have. An
 * error of plain `fetch`, or of undici's redirect interceptor, does not: there `'no'` is about the last connection only.
 * Use `retryFetch`, or `redirect: 'manual'`, where a POST may be redirected.
 */
export function requestSent(error: unknown): Sent | undefined {
  const sent = find(error)?.sent;
  let next: unknown = sent && sent !== 'yes' ? error : undefined;
  for (let depth = 0; depth < 10 && isObject(next); depth++) {
    const level = new Level(next);
    if (redirectsOf(level) > 0) return 'yes';
    if (mayHaveFollowed(level)) return 'maybe';
    next = level.read('cause');
  }
  return sent;
}

/** How many redirects follow-redirects (axios) and got have followed. */
const redirectsOf = (level: Level): number =>
  Number(
    level.read('request', '_redirectCount') ??
      level.read('request', '_redirectable', '_redirectCount') ??
      level.read('request', 'redirectUrls', 'length'),
  );

/** The `Request` of a client that calls `fetch`, whose redirects leave no trace on errors. To repeat a GET does no harm. */
const mayHaveFollowed = (level: Level): boolean =>
  level.text('request', 'redirect') === 'follow' && !/^(?:GET|HEAD)$/.test(level.text('request', 'method'));
