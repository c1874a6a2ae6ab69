import { expect } from 'vitest';

/**
 * Trouble between an adapter and its database, at one statement: `refused` never reaches the database, `unheard` is done
 * there, but its answer is lost, as when a connection breaks.
 */
export interface Fault {
  readonly at: number;
  readonly kind: 'refused' | 'unheard';
}

/** Counts statements of an adapter, from when it is armed, and makes one of them fail. */
export class Faulty {
  #count = 0;
  #isArmed = false;

  constructor(private readonly fault: Fault) {}

  /** Whether the statement that was to fail was ever reached. */
  get struck(): boolean {
    return this.#count >= this.fault.at;
  }

  arm(): void {
    this.#isArmed = true;
  }

  async run<T>(statement: () => Promise<T>): Promise<T> {
    if (!this.#isArmed) return statement();
    const strikes = ++this.#count === this.fault.at;
    if (strikes && this.fault.kind === 'refused') throw broken();
    const result = await statement();
    if (strikes) throw broken();
    return result;
  }
}

const broken = (): Error => Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' });

/** Every statement in turn, in both ways, until a run has none left to fail. */
export async function atEveryStatement(run: (fault: Fault) => Promise<Faulty>): Promise<number> {
  const TOGETHER = 8;
  for (let from = 1; ; from += TOGETHER) {
    const places = Array.from({ length: TOGETHER }, (_, index) => from + index);
    const faults = places.flatMap((at): Fault[] => [
      { at, kind: 'refused' },
      { at, kind: 'unheard' },
    ]);
    const struck = await Promise.all(faults.map(async (fault) => (await run(fault)).struck));
    if (struck.includes(false)) return from + struck.filter(Boolean).length / 2 - 1;
  }
}

/** One call of a handler. */
export interface Run {
  readonly attempt: number;
  readonly atMs: number;
}

/** Nothing runs twice or too often, and nothing is early. */
export function expectSound(
  runs: readonly Run[],
  policy: { readonly maxRetries: number; readonly baseDelayMs: number },
): void {
  const attempts = runs.map(({ attempt }) => attempt);
  expect(attempts).toEqual([...new Set(attempts)].toSorted((a, b) => a - b));
  expect(Math.max(0, ...attempts)).toBeLessThanOrEqual(policy.maxRetries + 1);
  for (const [index, { atMs }] of runs.slice(1).entries()) {
    expect(atMs - (runs[index]?.atMs ?? NaN)).toBeGreaterThanOrEqual(policy.baseDelayMs - 2);
  }
}
