import { show } from '../show.js';
import { fault, MOST_FAULTS, type PolicyFault, refusal } from './faults.js';
import { meantBy } from './names.js';
import { nearest } from './nearest.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';
import { allowedBy, delayRule, isPlain, namedJitter, type Rule, rules } from './rules.js';

type Fields = Record<string, unknown>;

/** Frozen things that were checked before, with the policy they stand for. */
const checked = /* @__PURE__ */ new WeakMap<object, RetryPolicy>();

/**
 * A policy from any part of one; what is left out (or undefined) comes from `base`, `presets.default` unless given.
 *
 * A list of delays without `maxRetries` retries once per entry, and without `jitter` has none. A cap below the base
 * delay is legal where the spec itself gives the cap; a base delay or a list entry above an inherited cap is a fault.
 *
 * @throws TypeError that lists the faults in its message and as `faults` (`PolicyFault[]`): the first 20, and the message
 *   says how many more there are. Nothing is silently clamped. Lists have at most 1 000 entries.
 */
export function definePolicy(spec: PolicySpec = {}, base: PolicySpec = presets.default): RetryPolicy {
  const name = Object.entries(presets).find(([, preset]) => preset === base)?.[0];
  return merge(fieldsOf(spec), [], resolvePolicy(base), name ? `presets.${name}` : 'the base policy');
}

/**
 * The way back from JSON, and the trust boundary for policies from files or the network: every key has to be there,
 * and `null` means no limit (Infinity) on `maxRetries`, `maxDelayMs`, `attemptTimeoutMs`, `maxElapsedMs` and
 * `maxRetryAfterMs`. `parsePolicy(JSON.parse(JSON.stringify(policy)))` equals `policy`.
 *
 * Keys and values from outside cannot make the error large: it has at most 20 faults, and long texts are cut.
 *
 * @throws TypeError that lists the faults in its message and as `faults`, as `definePolicy` does. All missing keys are one
 *   fault, whose key is `policy`.
 */
export function parsePolicy(value: unknown): RetryPolicy {
  const fields = fieldsOf(value);
  const missing: string[] = [];
  for (const [key, [, holds]] of Object.entries(rules as Record<string, Rule>)) {
    if (fields[key] === undefined) missing.push(key);
    if (fields[key] === null && holds(Infinity)) fields[key] = Infinity;
  }
  const allowed = 'expected every key, null for no limit';
  return merge(fields, missing.length ? [{ key: 'policy', got: `no ${missing.join(', ')}`, allowed }] : []);
}

/** The policy behind whatever a user passed: a policy, a bare spec, or nothing (`presets.default`). What is frozen is checked once. */
export function resolvePolicy(spec: PolicySpec = presets.default): RetryPolicy {
  let policy = checked.get(spec);
  if (!policy) {
    policy = merge(fieldsOf(spec), [], presets.default, 'presets.default');
    if (Object.isFrozen(spec)) checked.set(spec, policy);
  }
  return policy;
}

/** A copy of the own fields: every getter is read once, and nothing can change under the checks. */
function fieldsOf(value: unknown): Fields {
  if (isPlain(value)) return { ...value };
  const example =
    typeof value === 'string'
      ? `presets.${nearest(value, Object.keys(presets)) ?? 'default'}`
      : `{ maxRetries: ${rules['maxRetries']![1](value) ? show(value) : 3} }`;
  throw refusal([fault('policy', value, `expected a plain object, such as ${example}`)]);
}

/** The fields over the base, which is a policy already. Without a base there are all fields, or faults that say what is missing. */
function merge(fields: Fields, faults: PolicyFault[], base?: RetryPolicy, origin?: string): RetryPolicy {
  const policy: Fields = { ...base };
  let count = faults.length;
  const refuse = (key: string, value: unknown, allowed: () => string): void => {
    // The rest is only counted.
    if (++count <= MOST_FAULTS) faults.push(fault(key, value, allowed()));
  };
  // A cap that nobody thought of must not swallow delays that somebody wrote down.
  const cap = fields['maxDelayMs'] === undefined ? base?.maxDelayMs : undefined;
  if (base && Array.isArray(fields['backoff'])) {
    policy['maxRetries'] = fields['backoff'].length;
    policy['jitter'] = Object.freeze([1, 1]);
  }
  const isListed = Array.isArray(fields['backoff'] ?? base?.backoff);
  /** The value as a policy keeps it. */
  const checkedCopy = (key: string, value: unknown, rule: Rule | undefined): unknown => {
    if (!rule?.[1](value))
      return refuse(key, value, () => (rule ? allowedBy(rule, value) : meantBy(key, rules)));
    if (rule === delayRule && (value as number) > cap! && !(isListed && key === 'baseDelayMs'))
      refuse(key, value, () => `expected at most maxDelayMs, ${cap} ms from ${origin}; set maxDelayMs too`);
    // JSON has no -0, so a policy has none either.
    if (!Array.isArray(value)) return value || 0;
    const entries = rule[2];
    const copy = Array.from<unknown, unknown>(value, (entry, index) =>
      entries ? checkedCopy(`${key}[${index}]`, entry, entries) : entry || 0,
    );
    return Object.freeze(copy);
  };

  for (const key of Object.keys(fields)) {
    let value = fields[key];
    if (value === undefined) continue;
    if (key === 'jitter' && typeof value === 'string') value = namedJitter[value] ?? value;
    policy[key] = checkedCopy(key, value, rules[key]);
  }

  if (count > 0) throw refusal(faults, count - faults.length);
  const result = Object.freeze(policy) as unknown as RetryPolicy;
  checked.set(result, result);
  return result;
}
