import { nearest, plain } from './nearest.js';
import { rules } from './rules.js';

/** The kinds of values that are checked by what they have. */
export const SIGNAL = 'signal, such as controller.signal';
export const CLOCK = 'clock with now, wallNow and setTimer';
const SEEDABLE = "function; use seeded('order 42')";

/**
 * What the value of an option has to be: `expected a …`. Every other kind names the `typeof` that is allowed; the empty one
 * is checked by the code that uses the option.
 */
export type OptionKind =
  | typeof SIGNAL
  | typeof CLOCK
  | typeof SEEDABLE
  | 'function'
  | 'string'
  | 'boolean'
  | 'boolean or function'
  | '';

/** The options of a call, as opposed to the keys of a policy. */
export const callOptions = {
  __proto__: null!,
  signal: SIGNAL,
  classify: 'function',
  classifyResult: 'function',
  policyFor: 'function',
  onAttempt: 'function',
  onRetry: 'function',
  onEnd: 'function',
  name: 'string',
  random: SEEDABLE,
  clock: CLOCK,
  unref: 'boolean',
} as const satisfies OptionKinds;

/** The options of `retryFetch`. */
export const fetchOptions = /* @__PURE__ */ Object.assign({ __proto__: null! }, callOptions, {
  fetch: 'function',
  idempotent: 'boolean or function',
} as const) satisfies OptionKinds;

/** Options by name. */
export type OptionKinds = Readonly<Record<string, OptionKind>>;

// What other libraries call the same things: p-retry, async-retry, cockatiel, exponential-backoff, axios-retry, got,
// ky, Polly, Celery, tenacity, BullMQ, pg-boss and more. The first pattern that fits wins. What is no name is all there is to say.
const foreign: Readonly<Record<string, RegExp>> = {
  'wait before the call': /^delayfirst/,
  'begin the operation with it': /^before(attempt)?$/,
  'maxRetries: Infinity': /forever|unlimited/,
  retryStatuses: /status/,
  classifyResult: /result|validate/,
  classify: /retry(on|able|if|when|cond|pred|for)|should|handle|calculate|generator|errorcodes/,
  onRetry: /^before/,
  onAttempt: /^(on|after)|notify/,
  signal: /abort|cancel|controller/,
  unref: /unref/,
  'maxRetries, one less': /(?<!retry)attempt(s|limit)/,
  maxRetryAfterMs: /retryafter/,
  maxRetries: /retries|retry(count|limit|attempts)?$|times|^limit/,
  maxElapsedMs: /elapsed|retrytime|total|deadline|maxdur/,
  jitter: /jitter|random|noise/,
  factor: /factor|multip|exponent$|expbase/,
  attemptTimeoutMs: /^timeout|(try|attempt|call|request)timeout|expire/,
  maxDelayMs: /max(delay|timeout|interval|wait)|(delay|backoff)(max|limit)|^cap$/,
  baseDelayMs: /delay|timeout|interval|wait|countdown/,
  backoff: /backoff|strategy|exponential/,
};

/**
 * What to do about a name that is not known in one place: use the name that was meant, and where it belongs. A slip of
 * the pen comes first, then what other libraries say, then all the known names.
 */
export function meantBy(name: string, known: object): string {
  // Both look like a slip of another name: the smallest delay is our base delay, and tries are attempts.
  const word = plain(name.slice(0, 60))
    .replace(/^min/, 'base')
    .replace(/^(max)?tr(y|ies)$/, 'attempts');
  const advice =
    nearest(word, Object.keys({ ...known, ...rules, ...fetchOptions })) ??
    Object.keys(foreign).find((it) => foreign[it]!.test(word));
  if (!advice) return `unknown name; the names are ${Object.keys(known).join(', ')}`;
  const place = placeOf(advice.split(/\W/)[0]!, known);
  return place === undefined ? advice : `use ${advice}${place}`;
}

function placeOf(name: string, known: object): string | undefined {
  if (name in known) return '';
  if (name in rules) return ', in the policy';
  if (name in callOptions) return ', in the options after the policy';
  return name in fetchOptions ? ', in the options of retryFetch' : undefined;
}
