import { expect, test } from 'vitest';
import { reportOf } from 'ostinato';
import { requestSent } from 'ostinato/http';

/** A recipe that moves money between two accounts. */
export interface Recipe {
  readonly pay: (id: string, from: number, to: number, cents: number) => Promise<unknown>;
}

/** Another connection to the same database, which gets in the way. */
export interface Rival {
  /** Two accounts with 100 cents each, and no payment. */
  reset(): Promise<void>;
  begin(): Promise<void>;
  lock(account: number): Promise<void>;
  commit(): Promise<void>;
  /** Waits until a transaction, another one than that, waits for a lock; gives its id. */
  waiter(other?: string): Promise<string>;
  /** Ends the connection of that transaction. */
  kill(transaction: string): Promise<void>;
  /** The cents of both accounts. */
  balances(): Promise<number[]>;
}

/** Cuts the next connection that commits, after the server has committed and before its answer arrives. */
export interface Cutter {
  cutAtCommit(): void;
}

/**
 * What every recipe for a database promises. `sentOfCommit` is what `requestSent` says of the error where the answer to a
 * COMMIT was lost: 'no' from clients that throw the error of the ROLLBACK that follows.
 */
export function promisesOfPayments(
  recipe: () => Recipe,
  rival: () => Rival,
  cutter: () => Cutter,
  sentOfCommit: 'maybe' | 'no' = 'maybe',
): void {
  test('a connection that is lost in the middle is retried', async () => {
    await rival().reset();
    await rival().begin();
    await rival().lock(2);
    const paid = recipe().pay('a', 1, 2, 10);
    await rival().kill(await rival().waiter());
    await rival().commit();
    await paid;
    expect(await rival().balances()).toEqual([90, 110]);
  });

  test('a deadlock is retried', async () => {
    await rival().reset();
    await rival().begin();
    await rival().lock(2);
    const paid = recipe().pay('a', 1, 2, 10);
    await rival().waiter();
    // Closes the circle. The rival is not the victim, so the recipe is.
    await rival().lock(1);
    await rival().commit();
    await paid;
    expect(await rival().balances()).toEqual([90, 110]);
  });

  test('a duplicate key is not retried', async () => {
    await rival().reset();
    await recipe().pay('a', 1, 2, 10);
    const error = await failureOf(recipe().pay('a', 1, 2, 10));
    expect(reportOf(error)).toMatchObject({ reason: 'not-retryable', attempts: { length: 1 } });
    expect(requestSent(error)).toBe('yes');
    expect(await rival().balances()).toEqual([90, 110]);
  });

  test('a COMMIT whose answer is lost moves money once', async () => {
    await rival().reset();
    cutter().cutAtCommit();
    const error = await failureOf(recipe().pay('a', 1, 2, 10));
    expect(requestSent(reportOf(error)?.attempts[0]?.error)).toBe(sentOfCommit);
    // The second attempt found the payment of the first.
    expect(reportOf(error)).toMatchObject({ reason: 'not-retryable', attempts: { length: 2 } });
    expect(await rival().balances()).toEqual([90, 110]);
  });
}

/** What a call rejects with. */
export const failureOf = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => {
      throw new Error('no error came');
    },
    (error: unknown) => error as Error,
  );

/** Calls `look` until it gives something. For states of a server that send no event. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, everyMs = 10): Promise<T> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`never: ${what}`);
}
