import type { PolicySpec } from '../../index.js';
import { resolvePolicy } from '../../internal.js';
import { HEADROOM } from './statements.js';

/**
 * The part of a job's spec that leaves the policy in charge: `addJob('mail', payload, { ...taskSpec(policy), runAt })`.
 * It gives the job the most attempts graphile-worker has room for (32 767), so that a job whose workers keep dying comes
 * back to the task, which buries it. Without it the policy holds all the same, but for a job that runs out of attempts in
 * crashes: that one waits for `recover`.
 *
 * @throws RangeError if `maxRetries` is finite and above 32 765; Infinity means as many as there is room for.
 */
export function taskSpec(policy: PolicySpec): { maxAttempts: number } {
  refuseTooMany(resolvePolicy(policy).maxRetries);
  return { maxAttempts: HEADROOM };
}

export function refuseTooMany(maxRetries: number): void {
  // One for the first attempt, one to find that there is none left.
  if (maxRetries < Infinity && maxRetries > HEADROOM - 2) {
    throw new RangeError(`maxRetries is ${maxRetries}, but graphile-worker has room for ${HEADROOM - 2}`);
  }
}
