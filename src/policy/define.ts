import { fault, type PolicyFault, refusal } from './faults.js';
import { meantBy } from './names.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';
import { namedJitter, type Rule, rules } from './rules.js';

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
  return name === undefined
    ? merge(fieldsOf(spec), resolvePolicy(base), 'the base policy')
    : merge(fieldsOf(spec), base as RetryPolicy, `presets.${name}`);
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
  for (const [key, rule] of Object.entries(rules)) {
    if (rule.unlimited && fields[key] === null) fields[key] = Infinity;
  }
  return merge(fields);
}

/** The policy behind whatever a user passed: a policy, a bare spec, or nothing (`presets.default`). Frozen ones are checked once. */
export function resolvePolicy(spec: PolicySpec = presets.default): RetryPolicy {
  const known = checked.get(spec);
  if (known) return known;
  const policy = definePolicy(spec);
  if (Object.isFrozen(spec)) checked.set(spec, policy);
  return policy;
}

/** A copy of the own fields: every getter is read once, and nothing can change under the checks. */
function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw refusal([fault('policy', value, 'an object such as { maxRetries: 3 }')]);
}

/** The fields over the base, checked and frozen. Without a base every field has to be there. */
function merge(fields: Fields, base?: RetryPolicy, origin = ''): RetryPolicy {
  const faults: PolicyFault[] = [];
  const inheritedCap = base && fields['maxDelayMs'] === undefined ? base.maxDelayMs : Infinity;
  const underCap = (key: string, ms: unknown): void => {
    if ((ms as number) > inheritedCap) {
      faults.push(fault(key, ms, `at most maxDelayMs, which is ${inheritedCap}, from ${origin}: set it`));
    }
  };
  const policy: Fields = {};

  if (base && Array.isArray(fields['backoff'])) {
    fields['maxRetries'] ??= fields['backoff'].length;
    fields['jitter'] ??= 'none';
  }
  for (const key of Object.keys(fields)) {
    if (!Object.hasOwn(rules, key)) faults.push(fault(key, fields[key], meantBy(key)));
  }
  for (const [key, rule] of Object.entries<Rule>(rules)) {
    const given = fields[key];
    let value: unknown = given === undefined ? base?.[key as keyof RetryPolicy] : given;
    value = (key === 'jitter' && namedJitter.get(value)) || value;
    if (!rule.holds(value)) {
      faults.push(fault(key, value, rule.allowed));
    } else if (Array.isArray(value)) {
      const list: unknown[] = [...value];
      list.forEach((entry, index) => {
        const name = `${key}[${index}]`;
        if (rule.entries?.holds(entry) === false) faults.push(fault(name, entry, rule.entries.allowed));
        else if (key === 'backoff' && given) underCap(name, entry);
      });
      policy[key] = Object.freeze(list.map(withoutMinusZero));
    } else {
      policy[key] = withoutMinusZero(value);
    }
  }
  if (typeof policy['backoff'] === 'string') underCap('baseDelayMs', fields['baseDelayMs']);
  if (faults.length > 0) throw refusal(faults);
  const result = Object.freeze(policy) as unknown as RetryPolicy;
  checked.set(result, result);
  return result;
}

/** JSON has no -0, so a policy has none either. */
const withoutMinusZero = (value: unknown): unknown => (value === 0 ? 0 : value);
