import { checkOptions } from '../check-options.js';
import { definePolicy, resolvePolicy } from './define.js';
import { fault, type PolicyFault, refusal } from './faults.js';
import { nearest } from './nearest.js';
import type { PolicySpec, RetryPolicy } from './policy.js';
import { presets } from './presets.js';

const DURATION = 'expected seconds (2, 2.5), or 500ms, 2s, 5m, 1h';

/** The variable that may clash with what is set elsewhere. */
const BASE_DELAY = 'RETRY_BASE_DELAY';

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
 * `RETRY_POLICY` names a preset (default, aggressive, conservative, interactive) · `MAX_RETRIES` is a whole number ·
 * `RETRY_BASE_DELAY`, `RETRY_MAX_DELAY` and `JOB_TIMEOUT` (the time for one attempt) are seconds (`2`, `2.5`) or carry
 * a unit (`500ms`, `2s`, `5m`, `1h`) · `unlimited` is allowed where a limit is. Unset, empty and blank are the same.
 *
 * @throws TypeError that lists every bad variable in its message and as `faults`; TypeError for an option that is not
 *   `prefix` or `base`.
 */
export function policyFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  options: EnvOptions = {},
): RetryPolicy {
  checkOptions(options, { prefix: 'string', base: '' }, 'options', "{ prefix: 'MAIL_' }");
  const prefix = options.prefix ?? '';
  const base = options.base ?? presets.default;
  if (Object(env) !== env) throw refusal([fault('env', env, 'expected an object, such as process.env')]);
  // A fault of the base is not one of the environment.
  resolvePolicy(base);
  const faults: PolicyFault[] = [];
  // Empty and blank count as unset: that is how most deployments clear a variable.
  const textOf = (name: string): string | undefined =>
    String((env as Record<string, string | number | null | undefined>)[prefix + name] ?? '').trim() ||
    undefined;
  const read = <T>(name: string, parse: (text: string) => T | undefined, allowed: string): T | undefined => {
    const text = textOf(name);
    const value = text === undefined ? undefined : parse(text);
    if (text !== undefined && value === undefined) faults.push(fault(prefix + name, text, allowed));
    return value;
  };
  const names = Object.keys(presets);
  const meant = nearest(textOf('RETRY_POLICY') ?? '', names);
  const preset = read(
    'RETRY_POLICY',
    presetNamed,
    `expected one of ${names.join(', ')}${meant ? `; use ${meant}` : ''}`,
  );
  const spec: PolicySpec = {
    maxRetries: read('MAX_RETRIES', countIn, 'expected a whole number, or unlimited'),
    baseDelayMs: read(BASE_DELAY, durationIn, DURATION),
    maxDelayMs: read('RETRY_MAX_DELAY', limitIn, `${DURATION}, unlimited`),
    attemptTimeoutMs: read('JOB_TIMEOUT', timeoutIn, `${DURATION}, unlimited, at least 1ms`),
  };
  try {
    const policy = definePolicy(spec, preset ?? base);
    if (faults.length === 0) return policy;
  } catch (error) {
    // What can be read is legal by itself; but a base delay may be above a cap that was not set with it.
    const { faults: found } = error as Partial<ReturnType<typeof refusal>>;
    if (found === undefined) throw error;
    for (const { allowed } of found) {
      const inOurWords = allowed.replaceAll('maxDelayMs', `${prefix}RETRY_MAX_DELAY`);
      faults.push(fault(prefix + BASE_DELAY, textOf(BASE_DELAY), inOurWords));
    }
  }
  throw refusal(faults);
}

const presetNamed = (text: string): RetryPolicy | undefined =>
  Object.hasOwn(presets, text) ? presets[text as keyof typeof presets] : undefined;

function countIn(text: string): number | undefined {
  if (text === 'unlimited') return Infinity;
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

const limitIn = (text: string): number | undefined => (text === 'unlimited' ? Infinity : durationIn(text));

/** No attempt can be done in no time: 0 is no time limit. */
const timeoutIn = (text: string): number | undefined => limitIn(text) || undefined;

function durationIn(text: string): number | undefined {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const ms = Number(number) * UNIT_MS[unit]!;
  const rounded = Math.round(ms);
  // 1.1 · 1000 is 1100.0000000000002: noise of the arithmetic is forgiven, a fraction of a millisecond is not.
  return Math.abs(ms - rounded) < 1e-6 && Number.isSafeInteger(rounded) ? rounded : undefined;
}
