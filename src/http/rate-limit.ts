import { decimal } from '../internal.js';
import { type Member, parseStructuredField } from './structured-field.js';

/**
 * What a `RateLimit` field asks for, in whole ms, or undefined. Two forms are around: the structured list of the IETF
 * draft since version 08 (`"burst";r=0;t=5, "daily";r=12;t=3600`: the longest `t` of those with nothing remaining), and
 * the dictionary of version 07 (`limit=100, remaining=0, reset=30`). A malformed field is void as a whole.
 */
export function parseRateLimit(text: string): number | undefined {
  const members = parseStructuredField(text);
  if (!members) return undefined;
  return members.some(({ value }) => value !== undefined) ? ofDictionary(members) : ofList(members);
}

function ofList(members: readonly Member[]): number | undefined {
  let longest: number | undefined;
  for (const { name, parameters } of members) {
    // A policy is named by a String, or by a Token.
    if (!/^["a-z*]/i.test(name)) return undefined;
    const remaining = count(parameters.get('r'));
    const seconds = parameters.get('t');
    const waitMs = seconds === undefined ? undefined : wholeSeconds(seconds);
    if (remaining === undefined || Number.isNaN(waitMs)) return undefined;
    if (remaining === 0 && waitMs !== undefined) longest = Math.max(longest ?? 0, waitMs);
  }
  return longest;
}

function ofDictionary(members: readonly Member[]): number | undefined {
  const valueOf = new Map(members.map(({ name, value }) => [name, value]));
  const waitMs = wholeSeconds(valueOf.get('reset') ?? '');
  return count(valueOf.get('remaining')) === 0 && waitMs >= 0 ? waitMs : undefined;
}

/** Integers only, as the draft wants them. */
const wholeSeconds = (text: string): number => (/^\d+$/.test(text) ? decimal(text, 3) : NaN);

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
