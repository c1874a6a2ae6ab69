import { type Random, seeded } from '../index.js';
import { unseeded } from '../internal.js';
import type { Subject } from './subject.js';

/** Retries at which schedules break: the first 64, around the end of the doubles (2^1023, 2^1024), and far beyond. */
export const defaultRetries: readonly number[] = [
  ...Array.from({ length: 64 }, (_, index) => index + 1),
  1_023,
  1_024,
  1_025,
  1_100,
  1_000_000,
];

/** The largest draw: draws are below 1. */
export const nearlyOne = 1 - 2 ** -53;

/** Draws from simple to odd. The first draw that breaks a law goes into the failure text. */
const simpleDraws = [0, 0.5, nearlyOne, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875];

/** The number of seeded streams that stand for as many clients. Enough to find a herd of a quarter (see `laws/spread.ts`). */
const streamCount = 64;

/** A stream caches its draws up to this retry, because a decorrelated chain asks for the same draws again and again. */
const rememberedDraws = 2_048;

/**
 * Delays per retry of subjects with `ownRandom`. Assume that each sixteenth of the true interval holds at least 1/64 of
 * all delays. Then the probability that a sixteenth stays empty is at most 16 · (1 − 1/64)^2048 < 1.6e-13 for one retry.
 * For all 69 retries it is below 1.2e-11, less than the promised 1e-9.
 */
const ownDelays = 2_048;

/**
 * How far a true end may lie beyond the end that was seen, as a share of the width that was seen. If no sixteenth is
 * empty, it is at most one sixteenth, and the ends that were seen are at least 14 sixteenths apart.
 */
const unseen = 1 / 14;

/** One delay, with the draw or the stream that gave it. Neither is set for subjects with `ownRandom`. */
export interface Observation {
  readonly retry: number;
  readonly delay: number;
  readonly draw?: number;
  readonly stream?: string;
}

/** The shortest and the longest delay that were seen at a retry. The true ends lie at most `slackMs` beyond. */
export interface Envelope {
  readonly minMs: number;
  readonly maxMs: number;
  readonly slackMs: number;
}

/** Asks the subject for delays, and counts and caches them: several laws need the same ones. */
export class Observer {
  /** The number of delays so far. */
  runs = 0;
  readonly #streams: readonly Stream[];
  readonly #simple = new Map<number, readonly Observation[]>();
  readonly #sampled = new Map<number, readonly Observation[]>();

  constructor(
    readonly subject: Subject,
    readonly retries: readonly number[],
    readonly seed: number,
    readonly budgetMs: number | undefined,
  ) {
    const count = subject.ownRandom === true ? 0 : streamCount;
    this.#streams = Array.from({ length: count }, (_, index) => streamOf(`${seed}:${index}`));
  }

  /** A new delay, with the same draw for every retry. NaN if the subject throws, or returns something other than a number. */
  ask(retry: number, draw: number): Observation {
    return { retry, delay: this.#delay(retry, () => draw), draw };
  }

  /** A new delay for each of the first `count` streams. */
  askStreams(retry: number, count = streamCount): Observation[] {
    return this.#streams
      .slice(0, count)
      .map(({ stream, random }) => ({ retry, delay: this.#delay(retry, random), stream }));
  }

  /** The delays of the simple draws. With `ownRandom`, the sampled delays. */
  simple(retry: number): readonly Observation[] {
    if (this.subject.ownRandom === true) return this.sampled(retry);
    return remember(this.#simple, retry, () => simpleDraws.map((draw) => this.ask(retry, draw)));
  }

  /** Independent delays, as many clients would draw them. */
  sampled(retry: number): readonly Observation[] {
    return remember(this.#sampled, retry, () =>
      this.subject.ownRandom === true
        ? Array.from({ length: ownDelays }, () => ({ retry, delay: this.#delay(retry, unseeded) }))
        : this.askStreams(retry),
    );
  }

  /** The envelope at a retry, or undefined if a delay there is not a finite number. */
  envelope(retry: number): Envelope | undefined {
    let minMs = Infinity;
    let maxMs = -Infinity;
    for (const { delay } of this.simple(retry)) {
      if (!Number.isFinite(delay)) return undefined;
      minMs = Math.min(minMs, delay);
      maxMs = Math.max(maxMs, delay);
    }
    return { minMs, maxMs, slackMs: this.subject.ownRandom === true ? (maxMs - minMs) * unseen : 0 };
  }

  #delay(retry: number, random: Random): number {
    this.runs++;
    try {
      const delay: unknown = this.subject.delay(retry, random);
      return typeof delay === 'number' ? delay : NaN;
    } catch {
      return NaN;
    }
  }
}

interface Stream {
  /** The argument of `seeded` that makes the stream. */
  readonly stream: string;
  readonly random: Random;
}

function streamOf(stream: string): Stream {
  const fresh = seeded(stream);
  const known: number[] = [];
  return {
    stream,
    random: (retry) => (retry < rememberedDraws ? (known[retry] ??= fresh(retry)) : fresh(retry)),
  };
}

function remember<Value>(known: Map<number, Value>, retry: number, make: () => Value): Value {
  let value = known.get(retry);
  if (value === undefined) known.set(retry, (value = make()));
  return value;
}
