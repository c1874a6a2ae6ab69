/**
 * Where chance comes from: a number in [0, 1) for each retry, counted from 1. One of the two doors of the core to the
 * world outside (the other is `clock.ts`); `Math.random` fits, and so does any stream of your own.
 */
export type Random = (retry: number) => number;

/** The draw for one retry, always in [0, 1): what is too large is clamped to 1 - 2^-53, NaN and what is no number are 0. */
export function draw(random: Random, retry: number): number {
  const u = random(retry);
  return u > 0 ? (u < 1 ? u : 1 - 2 ** -53) : 0;
}

/** An unpredictable stream: what `delayFor` and `decide` use unless told otherwise. */
export const unseeded: Random = () => Math.random();

/** A fresh seed for a stream of its own. */
export const freshSeed = (): number => (Math.random() * 2 ** 32) | 0;

/** The stream of such a seed: a call keeps the seed, which takes no heap of its own. */
export const streamOf =
  (seed: number): Random =>
  (retry) =>
    unit(seed, ~seed, retry);

/**
 * A stream fixed by its seed: pure and random-access, so delay k of job 42 can be computed again anywhere, at any time,
 * without stored state. A number seeds the same stream as its decimal text (`seeded(42)` is `seeded('42')`).
 *
 * The algorithm is frozen (golden vectors in `test/random.test.ts`) and uses 32-bit integers only: the seed's UTF-16
 * code units go through two FNV-1a style lanes with different multipliers; the lanes and the retry are then mixed by
 * two rounds of `fmix32`, the finalizer of MurmurHash3 (Austin Appleby, public domain), which gives full avalanche;
 * 27 + 26 bits of the two words make the 53-bit result.
 *
 * @throws TypeError if the seed is neither a string nor a finite number.
 */
export function seeded(seed: string | number): Random {
  if (typeof seed !== 'string' && !Number.isFinite(seed)) {
    throw new TypeError(`A seed is a string or a finite number, got ${String(seed)}`);
  }
  const text = String(seed);
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit16 = text.charCodeAt(i);
    a = Math.imul(a ^ unit16, 0x01000193);
    b = Math.imul(b ^ unit16, 0x85ebca77);
  }
  return (retry) => unit(a, b, retry);
}

/** Two lanes of seed and the retry to a number in [0, 1), evenly. */
function unit(a: number, b: number, retry: number): number {
  const x = fmix32(a + Math.imul(retry, 0x9e3779b1));
  const y = fmix32(b ^ x);
  return ((y >>> 5) * 2 ** 26 + (x >>> 6)) / 2 ** 53;
}

function fmix32(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
