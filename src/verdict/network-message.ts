/**
 * How `fetch` reports a lost network where it has no code: the messages of TypeErrors in Node, browsers, React Native,
 * Deno, Bun and edge runtimes. `retry` and `ostinato/http` share this list. Safari's are the sentences of NSURLError: not
 * "cancelled" (-999), and of the numbers of CFNetwork neither that one nor those of TLS (-1200 to -1299).
 */
export const NETWORK_MESSAGE =
  /^(fetch failed$|terminated$|failed to fetch|load failed|networkerror|((the|a) )?(network|internet|socket|data) (error|request|connection)|error (sending req|reading a body|loading dyn|in .+ stream)|importing a m|(could not|unable to) connect|the (request|operation) timed out|a server w|.*CFNetwork error (?!-999|-12))/i;
