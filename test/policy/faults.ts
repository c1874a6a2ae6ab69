import { expect } from 'vitest';
import type { PolicyFault } from '../../src/index.js';

/** The error of whatever refuses a policy. */
export function refusalOf(attempt: () => unknown): TypeError & { readonly faults: readonly PolicyFault[] } {
  let refusal: unknown;
  try {
    attempt();
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(TypeError);
  return refusal as ReturnType<typeof refusalOf>;
}

/** Its faults, one line each, as its message tells them. */
export function faultsOf(attempt: () => unknown): string[] {
  const { message, faults } = refusalOf(attempt);
  const [title, ...lines] = message.split('\n  ');
  expect(title).toBe('Not a retry policy:');
  expect(lines).toEqual(faults.map(({ key, got, allowed }) => `${key}: got ${got}; ${allowed}`));
  return lines;
}
