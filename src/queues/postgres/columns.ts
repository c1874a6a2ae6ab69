import { quoteIdentifier } from '../identifier.js';

/** The columns of a jobs table, by what they mean. The names are the defaults: change them through `columns`. */
const DEFAULTS = {
  id: 'id',
  queue: 'queue',
  payload: 'payload',
  /** `ready`, `running`, `done` or `dead`. */
  state: 'state',
  /** When the coming attempt is due; of a running job, when the present one was. */
  runAt: 'run_at',
  /** When the job was first due: `maxElapsedMs` counts from here. */
  dueAt: 'due_at',
  attempt: 'attempt',
  fence: 'fence',
  /** The name of the worker that claimed it, for people to read; what counts is the fence. */
  worker: 'worker',
  leaseUntil: 'lease_until',
  startedAt: 'started_at',
  /** One entry for each attempt that has ended. */
  history: 'history',
  createdAt: 'created_at',
  finishedAt: 'finished_at',
} as const;

/** A column of a jobs table, by what it means. */
export type Column = keyof typeof DEFAULTS;

/** The columns, quoted. */
export type ColumnNames = Readonly<Record<Column, string>>;

/**
 * The names of all columns: ours, or the caller's.
 *
 * @throws TypeError for an unknown column, a bad name, or one name for two columns.
 */
export function columnNames(
  own: { readonly [Name in Column]?: string | null | undefined } = {},
): ColumnNames {
  for (const key of Object.keys(own)) {
    if (!Object.hasOwn(DEFAULTS, key)) {
      throw new TypeError(
        `columns has no ${JSON.stringify(key)}: it has ${Object.keys(DEFAULTS).join(', ')}`,
      );
    }
  }
  const names = Object.fromEntries(
    (Object.keys(DEFAULTS) as Column[]).map((key) => [
      key,
      quoteIdentifier(own[key] ?? DEFAULTS[key], `columns.${key}`),
    ]),
  ) as Record<Column, string>;
  const seen = new Map<string, string>();
  for (const [key, name] of Object.entries(names)) {
    const other = seen.get(name);
    if (other !== undefined) throw new TypeError(`columns.${other} and columns.${key} are both ${name}`);
    seen.set(name, key);
  }
  return names;
}
