import type { PolicySpec } from '../index.js';
import type { AttemptContext } from '../internal.js';

type PolicyFor = (failure: unknown, context: AttemptContext) => PolicySpec | undefined;

/**
 * The caller's `policyFor` for one call, asked once about each attempt: the verdict on a response needs its answer before
 * `retry` asks for it.
 */
export function askedOnce(policyFor: PolicyFor | null | undefined): PolicyFor {
  let asked = 0;
  let spec: PolicySpec | undefined;
  return (failure, context) => {
    if (asked !== context.attempt) {
      spec = policyFor?.(failure, context);
      asked = context.attempt;
    }
    return spec;
  };
}
