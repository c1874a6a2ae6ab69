import { show } from '../show.js';

/** One thing wrong with a policy: the key, what it got, and what is allowed. */
export interface PolicyFault {
  readonly key: string;
  readonly got: string;
  readonly allowed: string;
}

export const fault = (key: string, got: unknown, allowed: string): PolicyFault => ({
  key,
  got: show(got),
  allowed,
});

/** One error that tells every fault, in its message and as `faults`. */
export function refusal(
  faults: readonly PolicyFault[],
): TypeError & { readonly faults: readonly PolicyFault[] } {
  const lines = faults.map(({ key, got, allowed }) => `\n  ${key}: got ${got}; ${allowed}`);
  return Object.assign(new TypeError(`Not a retry policy:${lines.join('')}`), { faults });
}
