import { optionsOf } from '../options.js';
import { type Column, columnNames } from './columns.js';
import { deadStatements } from './dead-statements.js';
import { DERIVED, tableName } from './names.js';
import { schemaText } from './schema.js';
import { type Place, wakeWord } from './sql.js';
import { jobStatements } from './statements.js';
import type { TableQueue } from './table-queue.js';

export interface TableQueueOptions {
  /** The jobs table: `jobs`, or `app.jobs` in a schema of its own. At most 57 bytes without the schema. */
  readonly table: string;
  /** The table of dead letters. Default: the jobs table's name and `_dead`, in the same schema. */
  readonly dead?: string | null | undefined;
  /** Your names for the columns, where they differ from ours. */
  readonly columns?: { readonly [Name in Column]?: string | null | undefined } | null | undefined;
}

/**
 * The statements for one table. Names are quoted and checked here; everything else is a parameter.
 *
 * @throws TypeError for a table or column name PostgreSQL would not keep as it is, and for an option there is not.
 */
export function tableQueue(options: TableQueueOptions): TableQueue {
  const given = optionsOf('tableQueue', options, { table: '', dead: '', columns: '' });
  const { table, dead = `${table}${DERIVED.dead}`, columns } = given;
  const place: Place = {
    table: tableName(table, 'table', true),
    dead: tableName(dead, 'dead', false),
    columns: columnNames(columns),
  };
  if (place.table.sql === place.dead.sql) throw new TypeError('table and dead are the same table');
  return {
    schema: () => ({ text: schemaText(place), values: [] }),
    ...jobStatements(place),
    ...deadStatements(place),
    wakeWord: (queue) => wakeWord(place, queue),
  };
}
