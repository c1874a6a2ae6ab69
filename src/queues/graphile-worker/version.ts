import type { SqlClient } from './host.js';
import { KNOWN_VERSIONS, type Statements } from './statements.js';

/** Resolves if graphile-worker's tables are of a version this adapter was tested with. Asked until it has once been so. */
export function versionCheck({ version }: Statements): (client: SqlClient) => Promise<void> {
  let known = false;
  return async (client) => {
    if (known) return;
    const { rows } = await client.query(version);
    const found = Number(rows[0]?.version);
    if (!KNOWN_VERSIONS.includes(found)) {
      throw new Error(
        `ostinato/graphile-worker knows schema version ${KNOWN_VERSIONS.join(', ')} of graphile-worker, the database has ${found}: update ostinato, or keep graphile-worker at 0.18`,
      );
    }
    known = true;
  };
}
