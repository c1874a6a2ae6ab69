import { neverSent, perhapsSent, type Rule, useless } from './finding.js';

const HYPER = /^error sending request|client error \(/;
const TRUST = /certificate|corrupt message|fatal alert/i;
const NO_HTTP = /invalid HTTP|HTTP version|parse/i;

/** Deno passes on the words of hyper, its HTTP client, and no codes. */
export const hyper: Rule = ({ message }) => {
  if (!HYPER.test(message)) return undefined;
  if (TRUST.test(message) || NO_HTTP.test(message)) return useless;
  return message.includes('(Connect)') ? neverSent : perhapsSent;
};
