import { show } from '../show.js';

/** A policy from outside may have a million faults: a message names the first ones. */
export const MOST_FAULTS = 20;

/** One thing wrong with a policy. Long keys and values are cut after 60 characters. */
export interface PolicyFault {
  /** The key as it was written, `backoff[2]` for an entry of a list, `policy` for the whole. */
  readonly key: string;
  readonly got: string;
  /** What is expected, and what was probably meant. */
  readonly allowed: string;
}

export const fault = (key: string, got: unknown, allowed: string): PolicyFault => ({
  key: show(key).replace(/^"|"$/g, ''),
  got: show(got),
  allowed,
});

/** One line of a message. */
export const lineOf = ({ key, got, allowed }: PolicyFault): string => `${key}: got ${got}; ${allowed}`;

/** One error for all faults, in its message and as `faults`; `more` were only counted. */
export function refusal(
  faults: readonly PolicyFault[],
  more = 0,
): TypeError & { readonly faults: readonly PolicyFault[] } {
  const lines = faults.map(lineOf);
  if (more) lines.push(`and ${more} more`);
  return Object.assign(new TypeError(`Not a retry policy:\n  ${lines.join('\n  ')}`), { faults });
}
