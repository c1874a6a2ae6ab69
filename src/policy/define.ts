import { fault, type PolicyFault, refusal } from './faults.js';
import { meantBy } from './names.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';
import { namedJitter, type Rule, rules } from './rules.js';

type Fields = Record<string, unknown>;

/** Frozen things that were checked before, with the policy they stand for. */
const checked = /* @__PURE__ */ new WeakMap<object, RetryPolicy>();
let latestSpec: PolicySpec | undefined;
let latestPolicy: RetryPolicy;

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

/** The policy behind whatever a user passed: a policy, a bare spec, or nothing (`presets.default`). What is frozen is checked once. */
export function resolvePolicy(spec: PolicySpec = presets.default): RetryPolicy {
  // Most programs pass the same one again and again, and looking into a WeakMap takes longer than all else up to the call.
  if (spec === latestSpec) return latestPolicy;
  let policy = checked.get(spec);
  if (!policy) {
    policy = definePolicy(spec);
    if (!Object.isFrozen(spec)) return policy;
    checked.set(spec, policy);
  }
  latestSpec = spec;
  latestPolicy = policy;
  return policy;
}

/** A copy of the own fields: every getter is read once, and nothing can change under the checks. */
function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw refusal([fault('policy', value, 'an object such as { maxRetries: 3 }')]);
}

/** The fields over the base, which is a policy already. Without a base every field has to be there. */
function merge(fields: Fields, base?: RetryPolicy, origin = ''): RetryPolicy {
  const faults: PolicyFault[] = [];
  const policy: Fields = { ...base };
  const given = fields['backoff'];
  if (base && Array.isArray(given)) {
    fields['maxRetries'] ??= given.length;
    fields['jitter'] ??= 'none';
  }

  for (const key of Object.keys(base ? fields : { ...rules, ...fields })) {
    let value = fields[key];
    if (base && value === undefined) continue;
    const rule: Rule | undefined = Object.hasOwn(rules, key) ? rules[key as keyof RetryPolicy] : undefined;
    if (key === 'jitter' && typeof value === 'string') value = namedJitter[value] ?? value;
    if (!rule) {
      faults.push(fault(key, value, meantBy(key)));
    } else if (!rule.holds(value)) {
      faults.push(fault(key, value, rule.allowed));
    } else if (Array.isArray(value)) {
      const list: unknown[] = value.map(withoutMinusZero);
      for (const [index, entry] of list.entries()) {
        if (rule.entries?.holds(entry) === false)
          faults.push(fault(`${key}[${index}]`, entry, rule.entries.allowed));
      }
      policy[key] = Object.freeze(list);
    } else {
      policy[key] = withoutMinusZero(value);
    }
  }

  // A cap that nobody thought of must not swallow delays that somebody wrote down.
  if (base && fields['maxDelayMs'] === undefined) {
    const underCap = (key: string, ms: unknown): void => {
      if (Number.isSafeInteger(ms) && (ms as number) > base.maxDelayMs) {
        faults.push(
          fault(key, ms, `at most maxDelayMs, which is ${base.maxDelayMs}, from ${origin}: set it`),
        );
      }
    };
    if (Array.isArray(given)) given.forEach((ms, index) => underCap(`backoff[${index}]`, ms));
    else if (typeof policy['backoff'] === 'string') underCap('baseDelayMs', fields['baseDelayMs']);
  }
  if (faults.length > 0) throw refusal(faults);
  const result = Object.freeze(policy) as unknown as RetryPolicy;
  checked.set(result, result);
  return result;
}

/** JSON has no -0, so a policy has none either. */
const withoutMinusZero = (value: unknown): unknown => (value === 0 ? 0 : value);
