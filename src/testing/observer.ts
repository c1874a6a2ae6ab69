import { type Random, seeded } from '../index.js';
import { unseeded } from '../internal.js';
import type { Subject } from './subject.js';

/** Where schedules break: the first 64 retries, the end of the doubles (2^1023, 2^1024), past it, and far away. */
export const defaultRetries: readonly number[] = [
  ...Array.from({ length: 64 }, (_, index) => index + 1),
  1_023,
  1_024,
  1_025,
  1_100,
  1_000_000,
];

/** The largest draw there is. */
export const nearlyOne = 1 - 2 ** -53;

/** Draws in the order a reader would try them: the first one that breaks a law is the simplest. */
const simpleDraws = [0, 0.5, nearlyOne, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875];

/** Streams of draws, for subjects whose chance we hold: enough to tell a herd of a quarter (see `laws/spread.ts`). */
const streamCount = 64;

/** A stream remembers its draws up to this retry: a chain asks for the same ones again and again. */
const rememberedDraws = 2_048;

/**
 * Delays per retry, of subjects that draw their own chance. Assume that each sixteenth of the true interval holds at
 * least a quarter of its even share, 1/64 of all delays. Then the chance that a sixteenth stays empty is at most
 * 16 · (1 − 1/64)^2048 < 1.6e-13, and below 1.2e-11 over the 69 retries probed: less than the promised 1e-9.
 */
const ownDelays = 2_048;

/**
 * If no sixteenth is empty, the true ends lie at most one sixteenth beyond the ends seen, which lie 14 sixteenths apart
 * or more. As a share of the width seen:
 */
const unseen = 1 / 14;

/** One delay, and the chance it came from: a draw that stayed the same, or a stream. Neither, if the subject drew its own. */
export interface Observation {
  readonly retry: number;
  readonly delay: number;
  readonly draw?: number;
  readonly stream?: string;
}

/** The limits of the delays seen at one retry; the true ones lie at most `slackMs` beyond. */
export interface Envelope {
  readonly minMs: number;
  readonly maxMs: number;
  readonly slackMs: number;
}

/** Asks the subject for delays, counts them, and remembers them, so that each law need not ask again. */
export class Observer {
  /** Delays asked for so far. */
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

  /** A fresh delay with one draw for everything. What is thrown, or is no number, counts as NaN. */
  ask(retry: number, draw: number): Observation {
    return { retry, delay: this.#delay(retry, () => draw), draw };
  }

  /** A fresh delay for each of the first so many streams. */
  askStreams(retry: number, count = streamCount): Observation[] {
    return this.#streams
      .slice(0, count)
      .map(({ stream, random }) => ({ retry, delay: this.#delay(retry, random), stream }));
  }

  /** The delays of the simplest draws; of a subject that draws its own chance, those sampled. */
  simple(retry: number): readonly Observation[] {
    if (this.subject.ownRandom === true) return this.sampled(retry);
    return remember(this.#simple, retry, () => simpleDraws.map((draw) => this.ask(retry, draw)));
  }

  /** Independent delays, as a crowd of clients would draw them. */
  sampled(retry: number): readonly Observation[] {
    return remember(this.#sampled, retry, () =>
      this.subject.ownRandom === true
        ? Array.from({ length: ownDelays }, () => ({ retry, delay: this.#delay(retry, unseeded) }))
        : this.askStreams(retry),
    );
  }

  /** The limits at a retry, or undefined if a delay there is no number to reckon with. */
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
  /** What `seeded` makes it from. */
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
