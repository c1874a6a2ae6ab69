import type { Random } from '../../src/index.js';
import {
  type CheckOptions,
  checkSchedule,
  type ScheduleCheck,
  type Subject,
} from '../../src/testing/index.js';

/** A library as the kit is to see it. */
export interface Peer {
  readonly library: string;
  /** Its settings, in its own words. */
  readonly setting: string;
  /** What it claims. */
  readonly claims: Omit<Subject, 'delay'>;
  /** The retries probed: as far as its own words allow. */
  readonly retries: readonly number[];
  /** The delays of retries 1 to `last`; all chance comes from `random`. */
  delays(random: Random, last: number): readonly number[] | Promise<readonly number[]>;
}

export const first64: readonly number[] = Array.from({ length: 64 }, (_, index) => index + 1);
export const farRetries: readonly number[] = [...first64, 1_023, 1_024, 1_025, 1_100];

/**
 * Judges a library that can only be asked asynchronously: the check is run on what is known so far, what it asked for in
 * vain is fetched, and it is run again. The same seed asks the same questions, so this ends.
 */
export async function judge(peer: Peer, options: CheckOptions): Promise<ScheduleCheck> {
  const last = peer.retries.at(-1)!;
  const known = new Map<string, readonly number[]>();
  for (;;) {
    const missing = new Map<string, Random>();
    const check = checkSchedule(
      {
        ...peer.claims,
        delay(retry, random) {
          const key = [1, 2, 3].map(random).join();
          const delays = known.get(key);
          if (delays === undefined) missing.set(key, random);
          return delays === undefined ? 0 : asTimer(delays[retry - 1]);
        },
      },
      { ...options, retries: peer.retries },
    );
    if (missing.size === 0) return check;
    for (const [key, random] of missing) known.set(key, await peer.delays(random, last));
  }
}

/** A timer cuts off fractions. */
export const asTimer = (ms: number | undefined): number => Math.trunc(ms ?? NaN);
