import { definePolicy, retry } from 'ostinato';
import { specOf } from './spec.mjs';

/** With a policy that was defined once, as the README recommends. */
export const label = 'ostinato';
export const packageName = 'ostinato';

export function prepare(work) {
  const policy = definePolicy(specOf(work));
  if (!work.signal) return (operation) => retry(operation, policy);
  const options = { signal: work.signal };
  return (operation) => retry(operation, policy, options);
}
