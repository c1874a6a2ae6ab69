import { DEFAULT_ATTEMPTS_TABLE } from '../attempts-table.js';
import type { Known } from '../options.js';

/** The names this adapter works with. Each is `name` or `schema.name`, but for `worker`, which is a schema. */
export interface Names {
  /** The schema graphile-worker was installed in, as it was told. Default `graphile_worker`. */
  readonly worker?: string | null | undefined;
  /** The side table of attempts. Default `ostinato_attempts`. */
  readonly history?: string | null | undefined;
  /** The dead letters. Default `ostinato_dead`. */
  readonly dead?: string | null | undefined;
  /** The heartbeats of worker pools. Default `ostinato_pools`. */
  readonly pools?: string | null | undefined;
}

export const NAMES: Known<Names> = { worker: '', history: '', dead: '', pools: '' };

/** The names with the defaults filled in. */
export const namesOf = ({ worker, history, dead, pools }: Names): Required<NonNullableNames> => ({
  worker: worker ?? 'graphile_worker',
  history: history ?? DEFAULT_ATTEMPTS_TABLE,
  dead: dead ?? 'ostinato_dead',
  pools: pools ?? 'ostinato_pools',
});

export type NonNullableNames = { [Key in keyof Names]: NonNullable<Names[Key]> };
export type AllNames = Required<NonNullableNames>;
