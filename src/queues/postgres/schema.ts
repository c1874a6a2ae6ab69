import type { Column } from './columns.js';
import { DERIVED, indexName, literal, type TableName, unquoted } from './names.js';
import type { Place } from './sql.js';

/**
 * Creates what is missing, in one statement: the jobs table (or, if there is one, the columns it lacks), its two
 * indexes, the table of dead letters. With nothing missing it takes no lock on them, so it may run at every start.
 */
export function schemaText({ table, dead, columns: c }: Place): string {
  const body = `begin
  -- Two processes that start at once: the second waits, and finds everything there.
  perform pg_advisory_xact_lock(hashtext('ostinato'), hashtext(${literal(table.plain)}));
  if to_regclass(${literal(table.sql)}) is null then
    create table ${table.sql} (
      ${c.id} bigint generated always as identity primary key,
      ${c.queue} text not null,
      ${c.payload} jsonb not null,
      ${KEPT.map((column) => `${c[column]} ${TYPES[column]}`).join(',\n      ')},
      check (${c.state} in ('ready', 'running', 'done', 'dead'))
    );
  end if;
${KEPT.map((column) => addColumn(table, c[column], TYPES[column])).join('\n')}
${addIndex(table, DERIVED.due, `(${c.queue}, ${c.runAt}, ${c.id}) where ${c.state} = 'ready'`)}
${addIndex(table, DERIVED.lease, `(${c.queue}, ${c.leaseUntil}) where ${c.state} = 'running'`)}
  if to_regclass(${literal(dead.sql)}) is null then
    create table ${dead.sql} (
      queue text not null,
      id text not null,
      payload jsonb not null,
      reason text not null,
      error jsonb,
      attempts int not null,
      history jsonb not null,
      created_at timestamptz not null,
      first_failed_at timestamptz not null,
      last_failed_at timestamptz not null,
      primary key (queue, id)
    );
  end if;
end`;
  const tag = freeTag(body);
  return `do ${tag}\n${body} ${tag}`;
}

/** The columns the queue keeps for itself: those that a table of your own gets if it has none of that name. */
const TYPES = {
  state: "text not null default 'ready'",
  runAt: 'timestamptz not null default now()',
  dueAt: 'timestamptz not null default now()',
  attempt: 'int not null default 0',
  fence: 'bigint not null default 0',
  worker: 'text',
  leaseUntil: 'timestamptz',
  startedAt: 'timestamptz',
  history: "jsonb not null default '[]'",
  createdAt: 'timestamptz not null default now()',
  finishedAt: 'timestamptz',
} as const satisfies Partial<Record<Column, string>>;

const KEPT = Object.keys(TYPES) as (keyof typeof TYPES)[];

// `add column if not exists` locks the table even when there is nothing to add.
const addColumn = (table: TableName, name: string, type: string): string =>
  `  if not exists (select from pg_attribute where attrelid = to_regclass(${literal(table.sql)}) and attname = ${literal(unquoted(name))} and not attisdropped) then
    alter table ${table.sql} add column ${name} ${type};
  end if;`;

function addIndex(table: TableName, suffix: string, on: string): string {
  const { found, made } = indexName(table, suffix);
  return `  if to_regclass(${literal(found)}) is null then
    create index ${made} on ${table.sql} ${on};
  end if;`;
}

/** A dollar quote that nothing in the body can end, whatever the tables are called. */
function freeTag(body: string): string {
  for (let n = 0; ; n++) {
    const tag = `$ostinato${n === 0 ? '' : n}$`;
    if (!body.includes(tag)) return tag;
  }
}
