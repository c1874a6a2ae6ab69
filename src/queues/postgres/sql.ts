import type { ColumnNames } from './columns.js';
import { queueName, type TableName } from './names.js';

// What all statements are made of.

/** The channel of all notifications. */
export const CHANNEL = 'ostinato';

/** The time of the statement, and not of the transaction: inside a long one `now()` would be long ago. */
export const NOW = 'statement_timestamp()';

/** Milliseconds as an interval. A double, since a delay may be longer than an int can tell. */
export const ms = (parameter: string): string => `${parameter}::float8 * interval '1 millisecond'`;

/** A time in milliseconds since 1970, with three decimals. */
export const epochMs = (time: string): string => `round(extract(epoch from ${time}) * 1000, 3)::float8`;

/** Where a queue lives: everything quoted and checked. */
export interface Place {
  readonly table: TableName;
  readonly dead: TableName;
  readonly columns: ColumnNames;
}

/** What is sent to `CHANNEL` when a job of this queue is added. */
export const wakeWord = ({ table }: Place, queue: string): string => `${table.plain} ${queueName(queue)}`;
