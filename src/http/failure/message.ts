import { NETWORK_MESSAGE } from '../../internal.js';
import { type Finding, perhapsSent, type Rule, useless, vaguely } from './finding.js';
import { isObject } from './level.js';

/** What openai and node:http say; of the former only the classes have names, and a minifier takes those away. */
const SENTENCES: Readonly<Record<string, Finding>> = {
  'Request was aborted.': useless,
  'Request timed out.': perhapsSent,
  'Connection error.': vaguely(perhapsSent),
  'socket hang up': vaguely(perhapsSent),
};

/** Lost networks without a code, known by their words. */
// In browsers certificates and CORS look like a lost network.
export const message: Rule = (level) => {
  const text = level.message;
  if (Object.hasOwn(SENTENCES, text)) return SENTENCES[text];
  if (NETWORK_MESSAGE.test(text) && level.isNamed(/^(?:TypeError|FetchError)$/)) {
    // In Node it is the cause that tells; one that tells nothing is about the request ("unknown scheme", "bad port").
    const isAboutRequest = text === 'fetch failed' && isObject(level.read('cause'));
    return vaguely(isAboutRequest ? useless : perhapsSent);
  }
  return level.isNamed(/^NetworkError$|ConnectionError$/) ? vaguely(perhapsSent) : undefined;
};
