import type { SqlClient } from '../../../src/queues/postgres/client.js';

/** What goes wrong at the n-th statement. After a death the client never answers again, as its process is gone. */
export type Fault = 'not sent' | 'not answered' | 'refused' | 'dead' | 'dead after';

export interface Faulty extends SqlClient {
  readonly wasHit: boolean;
  /** Resolves when the fault has happened. */
  readonly hit: Promise<void>;
}

const never = new Promise<never>(() => undefined);

/** A client with one fault, at its n-th statement (from 1). */
export function faulty(client: SqlClient, fault: Fault, n: number): Faulty {
  let count = 0;
  let tell!: () => void;
  const hit = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    hit,
    get wasHit() {
      return count >= n;
    },
    async query(text, values) {
      const at = ++count;
      const isDead = fault === 'dead' || fault === 'dead after';
      if (at > n && isDead) return never;
      if (at !== n) return client.query(text, values);
      if (fault === 'not answered' || fault === 'dead after') await client.query(text, values);
      tell();
      if (isDead) return never;
      throw Object.assign(new Error(fault), { code: fault === 'refused' ? '23514' : 'ECONNRESET' });
    },
  };
}
