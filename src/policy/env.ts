import { definePolicy } from './define.js';
import { fault, type PolicyFault, refusal } from './faults.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';

/** The key of a policy behind each variable. */
const variables = {
  MAX_RETRIES: 'maxRetries',
  RETRY_BASE_DELAY: 'baseDelayMs',
  RETRY_MAX_DELAY: 'maxDelayMs',
  JOB_TIMEOUT: 'attemptTimeoutMs',
} as const;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export interface EnvOptions {
  /** Put in front of every name verbatim: `{ prefix: 'MAIL_' }` reads `MAIL_MAX_RETRIES`. Default: nothing. */
  readonly prefix?: string;
  /** Where everything comes from that the environment leaves open. Default `presets.default`; `RETRY_POLICY` wins over it. */
  readonly base?: PolicySpec;
}

/**
 * A policy from environment variables, as operators write them. Pure: it reads nothing but the object it is given.
 *
 * `RETRY_POLICY` names a preset (default, aggressive, conservative) · `MAX_RETRIES` is a whole number ·
 * `RETRY_BASE_DELAY`, `RETRY_MAX_DELAY` and `JOB_TIMEOUT` (the time for one attempt) are seconds (`2`, `2.5`) or carry
 * a unit (`500ms`, `2s`, `5m`, `1h`) · `unlimited` is allowed where a limit is. Unset, empty and blank are the same.
 *
 * @throws TypeError that lists every bad variable in its message and as `faults`.
 */
export function policyFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  { prefix = '', base = presets.default }: EnvOptions = {},
): RetryPolicy {
  const faults: PolicyFault[] = [];
  const read = <T>(name: string, parse: (text: string) => T | undefined, allowed: string): T | undefined => {
    // Empty and blank count as unset: that is how most deployments clear a variable.
    const text = env[prefix + name]?.trim() || undefined;
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) faults.push(fault(prefix + name, text, allowed));
    return value;
  };
  const preset = read('RETRY_POLICY', presetNamed, `one of ${Object.keys(presets).join(', ')}`);
  const spec: PolicySpec = {
    maxRetries: read('MAX_RETRIES', countIn, 'a whole number, or unlimited'),
    baseDelayMs: read('RETRY_BASE_DELAY', durationIn, 'seconds (2, 2.5), or 500ms, 2s, 5m, 1h'),
    maxDelayMs: read('RETRY_MAX_DELAY', limitIn, 'seconds (2, 2.5), or 500ms, 2s, 5m, 1h, unlimited'),
    attemptTimeoutMs: read('JOB_TIMEOUT', limitIn, 'seconds (2, 2.5), or 500ms, 2s, 5m, 1h, unlimited'),
  };
  // What can be read may still break a rule of the policy; that is told in the same list, under the names used here.
  try {
    const policy = definePolicy(spec, preset ?? base);
    if (faults.length === 0) return policy;
  } catch (error) {
    const { faults: found } = error as Partial<ReturnType<typeof refusal>>;
    if (found === undefined) throw error;
    faults.push(
      ...found.map(({ key, got, allowed }) => ({
        key: spoken(key, prefix),
        got,
        allowed: spoken(allowed, prefix),
      })),
    );
  }
  throw refusal(faults);
}

const presetNamed = (text: string): RetryPolicy | undefined =>
  Object.hasOwn(presets, text) ? presets[text as keyof typeof presets] : undefined;

function countIn(text: string): number | undefined {
  if (text === 'unlimited') return Infinity;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

const limitIn = (text: string): number | undefined => (text === 'unlimited' ? Infinity : durationIn(text));

function durationIn(text: string): number | undefined {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const ms = Number(number) * UNIT_MS[unit]!;
  const rounded = Math.round(ms);
  // 1.1 · 1000 is 1100.0000000000002: noise of the arithmetic is forgiven, a fraction of a millisecond is not.
  return Math.abs(ms - rounded) < 1e-6 ? rounded : undefined;
}

/** A text about the policy in the words of the environment. */
function spoken(text: string, prefix: string): string {
  return Object.entries(variables).reduce((words, [name, key]) => words.replaceAll(key, prefix + name), text);
}
