import { fault, type PolicyFault, refusal } from './faults.js';
import { meantBy } from './names.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';
import { delayRule, isPlain, namedJitter, type Rule, rules } from './rules.js';

type Fields = Record<string, unknown>;

/** Frozen things that were checked before, with the policy they stand for. */
const checked = /* @__PURE__ */ new WeakMap<object, RetryPolicy>();

/**
 * A policy from any part of one; what is left out (or undefined) comes from `base`, `presets.default` unless given.
 *
 * A list of delays without `maxRetries` retries once per entry, and without `jitter` has none. A cap below the base
 * delay is legal where the spec itself gives the cap; a base delay or a list entry above an inherited cap is a fault.
 *
 * @throws TypeError that lists every fault in its message and as `faults`; nothing is silently clamped.
 */
export function definePolicy(spec: PolicySpec = {}, base: PolicySpec = presets.default): RetryPolicy {
  const name = Object.entries(presets).find(([, preset]) => preset === base)?.[0];
  return merge(fieldsOf(spec), resolvePolicy(base), name ? `presets.${name}` : 'the base policy');
}

/**
 * The way back from JSON, and the trust boundary for policies from files or the network: every key has to be there,
 * and `null` means no limit (Infinity) on `maxRetries`, `maxDelayMs`, `attemptTimeoutMs`, `maxElapsedMs` and
 * `maxRetryAfterMs`. `parsePolicy(JSON.parse(JSON.stringify(policy)))` equals `policy`.
 *
 * @throws TypeError that lists every fault in its message and as `faults`.
 */
export function parsePolicy(value: unknown): RetryPolicy {
  const fields = fieldsOf(value);
  for (const [key, [, holds]] of Object.entries(rules as Record<string, Rule>)) {
    // What is not there becomes undefined, which no rule allows.
    fields[key] = fields[key] === null && holds(Infinity) ? Infinity : fields[key];
  }
  return merge(fields);
}

/** The policy behind whatever a user passed: a policy, a bare spec, or nothing (`presets.default`). What is frozen is checked once. */
export function resolvePolicy(spec: PolicySpec = presets.default): RetryPolicy {
  let policy = checked.get(spec);
  if (!policy) {
    policy = merge(fieldsOf(spec), presets.default, 'presets.default');
    if (Object.isFrozen(spec)) checked.set(spec, policy);
  }
  return policy;
}

/** A copy of the own fields: every getter is read once, and nothing can change under the checks. */
function fieldsOf(value: unknown): Fields {
  if (isPlain(value)) return { ...value };
  throw refusal([fault('policy', value, 'a plain object')]);
}

/** The fields over the base, which is a policy already. Without a base every field counts, undefined ones too. */
function merge(fields: Fields, base?: RetryPolicy, origin?: string): RetryPolicy {
  const faults: PolicyFault[] = [];
  const policy: Fields = { ...base };
  // A cap that nobody thought of must not swallow delays that somebody wrote down.
  const cap = fields['maxDelayMs'] === undefined ? base?.maxDelayMs : undefined;
  if (base && Array.isArray(fields['backoff'])) {
    policy['maxRetries'] = fields['backoff'].length;
    policy['jitter'] = Object.freeze([1, 1]);
  }
  const isListed = Array.isArray(fields['backoff'] ?? base?.backoff);
  /** The value as a policy keeps it. */
  const checkedCopy = (key: string, value: unknown, rule: Rule = [meantBy(key), () => false]): unknown => {
    const [allowed, holds, entries] = rule;
    if (!holds(value)) faults.push(fault(key, value, allowed));
    else if (rule === delayRule && (value as number) > cap! && !(isListed && key === 'baseDelayMs'))
      faults.push(fault(key, value, `maxDelayMs is ${cap}, from ${origin}: set it`));
    // JSON has no -0, so a policy has none either.
    if (!Array.isArray(value)) return value || 0;
    const copy = Array.from<unknown, unknown>(value, (entry, index) =>
      entries ? checkedCopy(`${key}[${index}]`, entry, entries) : entry || 0,
    );
    return Object.freeze(copy);
  };

  for (const key of Object.keys(fields)) {
    let value = fields[key];
    if (base && value === undefined) continue;
    if (key === 'jitter' && typeof value === 'string') value = namedJitter[value] ?? value;
    policy[key] = checkedCopy(key, value, rules[key]);
  }

  if (faults.length > 0) throw refusal(faults);
  const result = Object.freeze(policy) as unknown as RetryPolicy;
  checked.set(result, result);
  return result;
}
