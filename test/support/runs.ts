/** A fresh seed, where `npm run test:long` explores; the tests of every day all start from the same one. */
const explored = process.env['PROPERTY_SEED'];

/** The share of the usual runs that is enough: less than 1 where the tests are run for every mutant. */
const share = Number(process.env['PROPERTY_RUNS'] ?? 1);

export const isLong = explored !== undefined;

export const propertySeed = Number(explored ?? 20_261_123);

/** Parameters of fast-check: so many runs in `npm test`, so many in `npm run test:long`. */
export function runs(usual = 1_000, long = 1_000_000): { numRuns: number; seed: number } {
  return { numRuns: isLong ? long : usual * share, seed: propertySeed };
}
