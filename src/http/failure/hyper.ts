import { neverSent, perhapsSent, type Rule, useless } from './finding.js';

const HYPER = /^error sending request|client error \(/;
const CONNECTING = /\(Connect\)|error trying to connect/;
const TRUST = /certificate|corrupt message|fatal alert/i;
const NO_HTTP = /invalid HTTP|HTTP version|parse/i;

/** The address that was asked for: it holds no white space, but may hold any of the words. */
const URL = /https?:\S+/g;

/**
 * Errors of the system, as Rust prints them. In words on Unix, where the numbers differ; by number on Windows, where
 * the words are in the language of the user.
 */
const REFUSED = /refused \(os error \d+\)|\(os error 10061\)/i;
const LOST =
  /(?:reset by peer|broken pipe|timed out|unreachable|no route to host|is down|connection abort(?:ed)?|not connected) \(os error \d+\)|\(os error 100(?:5[0-47]|6[045])\)/i;

/**
 * Deno passes on the words of hyper, its HTTP client, and no codes; of a connection that was there only the words of
 * the system.
 */
export const hyper: Rule = ({ message }) => {
  if (!HYPER.test(message)) {
    return REFUSED.test(message) ? neverSent : LOST.test(message) ? perhapsSent : undefined;
  }
  const words = message.replace(URL, '');
  if (TRUST.test(words) || NO_HTTP.test(words)) return useless;
  return CONNECTING.test(words) ? neverSent : perhapsSent;
};
