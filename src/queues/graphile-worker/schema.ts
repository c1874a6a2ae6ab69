import { attemptsTable } from '../attempts-table.js';
import { quoteName } from '../identifier.js';
import { optionsOf } from '../options.js';
import { NAMES, type Names, namesOf } from './names.js';

/**
 * The SQL that creates this adapter's own tables where they are missing: attempts, dead letters, heartbeats. Run it at
 * deployment, after graphile-worker's own migrations; running it again changes nothing.
 *
 * @throws TypeError if a name is no SQL identifier, or for a name there is not.
 */
export function schema(names?: Names | null): string {
  const { history, dead, pools } = namesOf(optionsOf('schema', names, NAMES));
  return `${attemptsTable(history).schema}
create table if not exists ${quoteName(dead)} (
  id bigint primary key,
  queue text not null,
  payload json not null,
  reason text not null,
  attempts integer not null,
  queue_name text,
  priority smallint not null,
  flags jsonb,
  created_at timestamptz not null,
  died_at timestamptz not null default now()
);
create table if not exists ${quoteName(pools)} (
  id text primary key,
  beat_at timestamptz not null
);`;
}
