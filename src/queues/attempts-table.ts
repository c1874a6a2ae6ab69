import { quoteIdentifier, quoteName } from './identifier.js';
import type { ErrorData } from './error.js';
import type { Before } from './take-over.js';
import type { DeadReason, HistoryRow } from './types.js';

// The side table of the hosts that live in Postgres but keep no history of their own: one row for each claim of a job.
// Every statement on it is here.

/** Runs one statement. `pg`'s pool and client fit, and so does any driver behind a three-line wrapper. */
export type Query = (text: string, values: unknown[]) => Promise<{ rows: any[] }>;

/** A claim of a job by a worker. The fence rises at every claim and never falls; a released claim is not an attempt. */
export interface Claim {
  readonly id: string;
  readonly fence: number;
  /** When the host says the job was due. Kept from the first claim; later ones only tell when a retry was. */
  readonly dueAt?: Date | undefined;
  /** When the job was made: what was recorded before is about an earlier job of this id. */
  readonly bornAt?: Date | undefined;
  /** When the claim was made, for a host that counts the claims of one job from 1 again. */
  readonly claimedAt?: Date | null | undefined;
}

/** What the table knows when a claim begins. */
export interface Begun {
  readonly attempt: number;
  /** Since the job was first due, on the database's clock. */
  readonly elapsedMs: number;
  readonly before: Before;
  /** The attempt before this one had ended the job, but the host was never told: it is to be buried, not run. */
  readonly decided?: { readonly reason: DeadReason; readonly error?: ErrorData } | undefined;
}

export const DEFAULT_ATTEMPTS_TABLE = 'ostinato_attempts';

/** The statements, for a table of this name (`name` or `schema.name`; quoted here). */
export function attemptsTable(name: string) {
  const table = quoteName(name);
  return {
    /** Creates the table if it is missing. Safe to run at every deployment. */
    schema: `
create table if not exists ${table} (
  queue text not null,
  job_id text not null,
  fence integer not null,
  attempt integer not null,
  outcome text check (outcome in ('done', 'retry', 'dead', 'released')),
  first_due_at timestamptz not null,
  claimed_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  duration_ms bigint,
  delay_ms bigint,
  settled_at timestamptz,
  reason text,
  error jsonb,
  hook_error jsonb,
  primary key (queue, job_id, fence)
);
create index if not exists ${indexName(name)} on ${table} (settled_at);`,
    exists: `select to_regclass('${table.replaceAll("'", "''")}') is not null as found`,
    begin: BEGIN(table),
    settle: SETTLE(table),
    release: RELEASE(table),
    keepHookError: KEEP_HOOK_ERROR(table),
    history: HISTORY(table),
    forget: FORGET(table),
  };
}

/** In the table's own schema, where indexes always are. */
const indexName = (table: string): string => quoteIdentifier(`${table.split('.').at(-1)}_settled_at`);

export type AttemptsTable = ReturnType<typeof attemptsTable>;

// A job can live again under its id: made anew by the caller, replaced through its key, reset by hand. Its claims count
// from 1 again, so the rows of the earlier life are set aside first, under negative fences; dead letters still find them
// there. They are known by having been made before the job was, or before a claim whose number they bear or exceed: the
// row of a claim is never older than the claim. One without an outcome may be this claim's own where the host takes the
// time from a clock of its own; of the first claim it can be made again.
//
// Claims that left no row (their worker died between the claim and this statement) get one now, so that the history has
// a row for every attempt. `first_due_at` is copied from row to row.
const BEGIN = (table: string): string => `
with claim as (
  select * from jsonb_to_recordset($2::text::jsonb)
    as c(id text, fence integer, due_at timestamptz, born_at timestamptz, claimed_at timestamptz)
), known as (
  select c.id, c.fence as claim, a.fence, a.outcome, a.reason, a.error, a.first_due_at,
    coalesce(a.claimed_at < c.born_at, false) or coalesce(a.claimed_at < c.claimed_at and bool_or(a.fence >= c.fence
      and a.claimed_at < c.claimed_at and (c.fence = 1 or a.fence > c.fence or a.outcome is not null))
      over job, false) as is_past,
    max(a.fence) over job + 1 - least(min(a.fence) over job, 0) as shift
  from claim c join ${table} a on a.queue = $1 and a.job_id = c.id
  window job as (partition by c.id)
), aside as (
  update ${table} a set fence = a.fence - k.shift from known k
  where k.is_past and k.fence > 0 and a.queue = $1 and a.job_id = k.id and a.fence = k.fence
  returning a.fence
), own as (
  select * from known where not is_past and fence > 0 and fence < claim
), earlier as (
  select c.id, c.fence,
    count(*) filter (where o.outcome = 'released')::integer as released,
    coalesce(max(o.fence), 0) as last_fence,
    coalesce(min(o.first_due_at), c.due_at, clock_timestamp()) as first_due_at
  from claim c left join own o on o.id = c.id
  group by c.id, c.fence, c.due_at
), begun as (
  insert into ${table} (queue, job_id, fence, attempt, first_due_at, started_at)
  select $1, e.id, f, f - e.released, e.first_due_at, case when f = e.fence then clock_timestamp() end
  from (select count(*) from aside) as first, earlier e
    cross join generate_series(least(e.last_fence + 1, e.fence), e.fence) as f
  on conflict (queue, job_id, fence) do nothing
)
select e.id, e.fence - e.released as attempt,
  greatest(0, extract(epoch from clock_timestamp() - e.first_due_at) * 1000)::float8 as elapsed_ms,
  last.outcome, last.reason, last.error,
  e.fence - 1 - e.last_fence + case when latest.outcome is null and e.last_fence > 0 then 1 else 0 end as lost
from earlier e left join own latest on latest.id = e.id and latest.fence = e.last_fence
left join lateral (
  select o.outcome, o.reason, o.error from own o where o.id = e.id and o.outcome is distinct from 'released'
  order by o.fence desc limit 1
) last on true`;

// A claim that has been taken over changes nothing any more, and neither does a second settle of the same claim.
const SETTLE = (table: string): string => `
update ${table} a set outcome = $4, settled_at = now(), duration_ms = $5, delay_ms = $6, reason = $7,
  error = $8::text::jsonb, hook_error = $9::text::jsonb
where queue = $1 and job_id = $2 and fence = $3
  and not exists (select from ${table} newer where newer.queue = $1 and newer.job_id = $2 and newer.fence > $3)
returning fence`;

/** For a claim that was no attempt: given back at shutdown, or found to have none left. */
const RELEASE = (table: string): string => `
update ${table} set outcome = 'released', settled_at = now(), delay_ms = $4
where queue = $1 and job_id = $2 and fence = $3 and outcome is null`;

/** What `onAttempt` threw when it was called for an attempt that had ended before. */
const KEEP_HOOK_ERROR = (table: string): string => `
update ${table} set hook_error = $4::text::jsonb
where queue = $1 and job_id = $2 and attempt = $3 and fence > 0 and outcome is distinct from 'released'`;

const HISTORY = (table: string): string => `
select queue, job_id, attempt, coalesce(outcome, 'stalled') as outcome,
  (extract(epoch from claimed_at) * 1000)::float8 as claimed_at_ms,
  (extract(epoch from started_at) * 1000)::float8 as started_at_ms, duration_ms::float8, delay_ms::float8,
  reason, error, hook_error
from ${table}
where (queue, job_id) in (select * from unnest($1::text[], $2::text[])) and outcome is distinct from 'released'
order by claimed_at, fence`;

/** What was recorded of dead jobs, but not what became of their ids since. */
const FORGET = (table: string): string => `
delete from ${table} a using unnest($1::text[], $2::text[], $3::float8[]) as dead(queue, id, died_at_ms)
where a.queue = dead.queue and a.job_id = dead.id and a.claimed_at <= to_timestamp(dead.died_at_ms / 1000)`;

/** The values of `begin`. */
export const beginValues = (queue: string, claims: readonly Claim[]): unknown[] => [
  queue,
  JSON.stringify(
    claims.map(({ id, fence, dueAt, bornAt, claimedAt }) => ({
      id,
      fence,
      due_at: dueAt,
      born_at: bornAt,
      claimed_at: claimedAt,
    })),
  ),
];

/** What `begin` returned, by job id. */
export function begunClaims(rows: readonly BegunRow[]): Map<string, Begun> {
  return new Map(rows.map((row) => [row.id, begun(row)]));
}

interface BegunRow {
  readonly id: string;
  readonly attempt: number;
  readonly elapsed_ms: number;
  readonly outcome: string | null;
  readonly reason: DeadReason | null;
  readonly error: ErrorData | null;
  /** The claims in a row, up to this one, that left no outcome. */
  readonly lost: number;
}

const begun = ({ attempt, elapsed_ms: elapsedMs, outcome, reason, error, lost }: BegunRow): Begun => ({
  attempt,
  elapsedMs,
  before: { isDecided: outcome === 'retry' && lost === 0, lost },
  ...(outcome === 'dead' && reason !== null && { decided: { reason, ...(error && { error }) } }),
});

/** The values of `settle`. */
export const settleValues = (queue: string, claim: Claim, record: HistoryRow): unknown[] => [
  queue,
  claim.id,
  claim.fence,
  record.outcome,
  record.durationMs ?? null,
  record.delayMs ?? null,
  record.reason ?? null,
  json(record.error),
  json(record.hookError),
];

/** The values of `release`; the job is due again after `delayMs`. */
export const releaseValues = (queue: string, claim: Claim, delayMs = 0): unknown[] => [
  queue,
  claim.id,
  claim.fence,
  delayMs,
];

/** The values of `keepHookError`, for each attempt. */
export const hookErrorValues = (
  queue: string,
  id: string,
  errors: ReadonlyMap<number, ErrorData>,
): unknown[][] => [...errors].map(([attempt, error]) => [queue, id, attempt, json(error)]);

/** A job, by the queue it came from and the id it has there. */
export interface JobKey {
  readonly queue: string;
  readonly id: string;
}

/** A job that has died; the id may be another job's by now. */
export interface DeadKey extends JobKey {
  readonly diedAtMs: number;
}

/** The values of `history`. */
export const jobKeys = (jobs: readonly JobKey[]): unknown[] => [
  jobs.map(({ queue }) => queue),
  jobs.map(({ id }) => id),
];

/** The values of `forget`. A millisecond is added for what was cut off from the times. */
export const deadKeys = (jobs: readonly DeadKey[]): unknown[] => [
  ...jobKeys(jobs),
  jobs.map(({ diedAtMs }) => diedAtMs + 1),
];

const keyOf = (queue: string, id: string): string => JSON.stringify([queue, id]);

/**
 * What `history` returned, by job: of the last one that bore the id, or of the last one that lived before a death. Each
 * life begins with an attempt 1.
 */
export function histories(rows: readonly StoredRow[]): (job: JobKey & Partial<DeadKey>) => HistoryRow[] {
  const byJob = new Map<string, StoredRow[][]>();
  for (const row of rows) {
    const key = keyOf(row.queue, row.job_id);
    const lives = byJob.get(key) ?? [];
    byJob.set(key, lives);
    const life = lives.at(-1);
    if (life && row.attempt > 1) life.push(row);
    else lives.push([row]);
  }
  return ({ queue, id, diedAtMs = Infinity }) => {
    const lives = byJob.get(keyOf(queue, id)) ?? [];
    const life = lives.findLast(([first]) => first && first.claimed_at_ms <= diedAtMs) ?? lives[0] ?? [];
    return life.map(historyRow);
  };
}

interface StoredRow {
  readonly queue: string;
  readonly job_id: string;
  readonly attempt: number;
  readonly outcome: HistoryRow['outcome'];
  readonly claimed_at_ms: number;
  readonly started_at_ms: number | null;
  readonly duration_ms: number | null;
  readonly delay_ms: number | null;
  readonly reason: DeadReason | null;
  readonly error: ErrorData | null;
  readonly hook_error: ErrorData | null;
}

const historyRow = (row: StoredRow): HistoryRow => ({
  attempt: row.attempt,
  outcome: row.outcome,
  ...(row.started_at_ms !== null && { startedAtMs: row.started_at_ms }),
  ...(row.duration_ms !== null && { durationMs: row.duration_ms }),
  ...(row.delay_ms !== null && { delayMs: row.delay_ms }),
  ...(row.reason !== null && { reason: row.reason }),
  ...(row.error !== null && { error: row.error }),
  ...(row.hook_error !== null && { hookError: row.hook_error }),
});

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
