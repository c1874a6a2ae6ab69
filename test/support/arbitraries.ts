import fc from 'fast-check';
import { type Random, seeded } from '../../src/index.js';

/** Where delays hurt: the first ones, the end of the doubles, past it, and far away. */
export const arbitraryRetry: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 64 }),
  fc.constantFrom(1_023, 1_024, 1_025, 1_100, 1_000_000),
);

/** A draw: any double in [0, 1), often one of the ends. */
export const arbitraryDraw: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.constantFrom(0, 1 - 2 ** -53), weight: 1 },
  { arbitrary: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), weight: 3 },
);

/** Chance: one draw for ever, or a stream. */
export const arbitraryRandom: fc.Arbitrary<Random> = fc.oneof(
  arbitraryDraw.map((draw) => () => draw),
  fc.string({ maxLength: 12 }).map(seeded),
);
