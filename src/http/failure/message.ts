import { type Finding, perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { isObject } from './level.js';

/** What the platforms' `fetch` says for a lost network; certificates and CORS look alike in browsers. */
const LOST =
  /^(?:fetch failed$|failed to fetch|load failed|terminated$|network ?error|network request (?:failed|timed out)|network connection lost|a network error occurred|the (?:internet|network) connection |could not connect to the server|the request timed out|error reading a body from connection|error in body stream|network timeout at)/i;

/** What openai and node:http say; of the former only the classes have names, and a minifier takes those away. */
const SENTENCES: Readonly<Record<string, Finding>> = {
  'Request was aborted.': useless,
  'Request timed out.': perhapsSent,
  'Connection error.': vaguely(perhapsSent),
  'socket hang up': vaguely(perhapsSent),
};

/** Lost networks without a code, known by their words. */
export const message: Rule = (level) => {
  const text = level.message;
  if (Object.hasOwn(SENTENCES, text)) return SENTENCES[text];
  if (LOST.test(text) && level.isNamed(/^(?:TypeError|FetchError)$/)) {
    // In Node it is the cause that tells; one that tells nothing is about the request ("unknown scheme", "bad port").
    const isAboutRequest = text === 'fetch failed' && isObject(level.read('cause'));
    return vaguely(isAboutRequest ? useless : perhapsSent);
  }
  return level.isNamed(/^NetworkError$|ConnectionError$/) ? vaguely(perhapsSent) : undefined;
};
