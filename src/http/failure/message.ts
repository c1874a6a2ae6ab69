import { type Finding, neverSent, perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { isObject } from './level.js';

/** What the platforms' `fetch` says for a lost network; certificates and CORS look alike in browsers. */
const LOST =
  /^(?:fetch failed$|failed to fetch|load failed|terminated$|network ?error|network request (?:failed|timed out)|network connection lost|a network error occurred|the (?:internet|network) connection |could not connect to the server|the request timed out|error reading a body from connection|error in body stream|network timeout at)/i;

/** What openai says, whose classes alone have names; a minifier takes those away. */
const WORDS: Readonly<Record<string, Finding>> = {
  'Request was aborted.': useless,
  'Request timed out.': perhapsSent,
  'Connection error.': vaguely(perhapsSent),
  'socket hang up': vaguely(perhapsSent),
};

/** Trust, in words only: Deno, and copies of OpenSSL's text. */
const TRUST = /certificate|altnames|corrupt message|fatal alert|SSL routines|TLS handshake failed/i;

/** The words of hyper, which Deno's `fetch` passes on. */
const HYPER = /^error sending request|client error \(/;

/** The last rule: errors without a code, known by their words. */
export const message: Rule = (level) => {
  const text = level.message;
  if (HYPER.test(text)) return ofHyper(text);
  if (LOST.test(text) && level.isNamed(/^TypeError$|^NetworkError$|ConnectionError$|^FetchError$/)) {
    // In Node it is the cause that tells; one that tells nothing is about the request ("unknown scheme", "bad port").
    const isAboutRequest = text === 'fetch failed' && isObject(level.read('cause'));
    return vaguely(isAboutRequest ? useless : perhapsSent);
  }
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  if (level.isNamed(/^NetworkError$|ConnectionError$/)) return vaguely(perhapsSent);
  return TRUST.test(text) &&
    /self.signed|expired|unable to|does not match|SSL routines|invalid peer/i.test(text)
    ? vaguely(useless)
    : undefined;
};

function ofHyper(text: string): ReturnType<Rule> {
  if (TRUST.test(text) && !/\b(?:eof|closed|reset)\b/i.test(text)) return useless;
  if (/invalid HTTP|HTTP version|parse/i.test(text)) return useless;
  return text.includes('(Connect)') ? neverSent : perhapsSent;
}
