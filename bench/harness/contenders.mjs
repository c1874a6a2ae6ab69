/** The libraries people would otherwise install; each file in `contenders/` does the same work with one of them. */
export const RIVALS = [
  'p-retry',
  'cockatiel',
  'exponential-backoff',
  'async-retry',
  'lifeomic-attempt',
  'effect',
];

/** Loads one contender and sets it up for the work: `{ retries, delayMs, jitter?, signal? }` → `operation => promise`. */
export async function prepare(contender, work) {
  const module = await import(`../contenders/${contender}.mjs`);
  return module.prepare(work);
}
