import { retry } from 'ostinato';
import { specOf } from './spec.mjs';

/** With a bare spec that is frozen, and so checked only once. */
export const label = 'ostinato, frozen spec';
export const packageName = 'ostinato';

export function prepare(work) {
  const spec = Object.freeze(specOf(work));
  return (operation) => retry(operation, spec);
}
