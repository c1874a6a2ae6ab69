import type { Pool } from 'pg';

/** A server that is down is part of the suite; unheard, its errors would end the process. */
export function quietPool(pool: Pool): Pool {
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
