import { quoteIdentifier, quoteName } from '../identifier.js';
import type { AllNames } from './names.js';

// Every statement that touches a table graphile-worker calls private, six in all; a contract test watches each. Two more
// read what it documents: its migrations' number, and its channel.

/** The schema versions these statements were written for and tested with. Any other one is refused. */
export const KNOWN_VERSIONS: readonly number[] = [20];

/** The most attempts a job can have: `max_attempts` is a smallint. */
export const HEADROOM = 32_767;

export type Statements = ReturnType<typeof statements>;

export function statements(names: AllNames) {
  const worker = quoteIdentifier(names.worker);
  const jobs = `${worker}._private_jobs`;
  const tasks = `${worker}._private_tasks`;
  const queues = `${worker}._private_job_queues`;
  const attempts = quoteName(names.history);
  const dead = quoteName(names.dead);
  const pools = quoteName(names.pools);

  /** What graphile-worker adds to `run_at` when it fails a job, whatever anybody wants. */
  const itsDelay = `exp(least(j.attempts, 10)) * interval '1 second'`;
  /** A job that a claim left for later is due then, also if the claim's worker died before it could say so. */
  const decided = `a.settled_at + coalesce(a.delay_ms, 0) * interval '1 millisecond'`;
  const claim = `a.queue = $1 and a.job_id = $2 and a.fence = $3`;
  /** A letter written over an older one of the same id. */
  const anew = `(queue, payload, reason, attempts, queue_name, priority, flags, created_at, died_at) = (excluded.queue,
  excluded.payload, excluded.reason, excluded.attempts, excluded.queue_name, excluded.priority, excluded.flags,
  excluded.created_at, excluded.died_at)`;

  return {
    version: `select max(id) as version from ${worker}.migrations`,
    wake: `select pg_notify('jobs:insert', json_build_object('r', random(), 'count', $1::integer)::text)`,

    /**
     * 1. A failed attempt with a delay. graphile-worker is about to fail the job and to add a delay of its own to
     * `run_at`: set back by as much, the sum is exact, unless our delay is shorter than its own (then: `due`).
     * $1 queue $2 id $3 fence $4 pool $5 duration $6 delay $7 error $8 hook error
     */
    retry: `
with held as (
  update ${jobs} j set run_at = now() + $6::float8 * interval '1 millisecond' - ${itsDelay},
    max_attempts = greatest(j.max_attempts, ${HEADROOM})
  where j.id = $2::text::bigint and j.attempts = $3 and j.locked_by = $4
  returning j.id
)
update ${attempts} a set outcome = 'retry', settled_at = now(), duration_ms = $5, delay_ms = $6::float8,
  error = $7::text::jsonb, hook_error = $8::text::jsonb
from held where ${claim} returning a.fence`,

    /**
     * 2. The exact time, once graphile-worker has failed the job.
     * $1 queue $2 id $3 fence
     */
    due: `
update ${jobs} j set run_at = ${decided} from ${attempts} a
where j.id = $2::text::bigint and j.attempts = $3 and j.locked_at is null and ${claim} and a.outcome = 'retry'
returning j.id`,

    /**
     * 3. The end of a job: no further attempt for graphile-worker, and a dead letter, in one. A letter of this id tells
     * of the same job, or of an earlier one.
     * $1 queue $2 id $3 fence $4 pool $5 duration $6 outcome of this claim $7 error $8 hook error $9 reason $10 attempts
     */
    bury: `
with held as (
  update ${jobs} j set max_attempts = j.attempts
  where j.id = $2::text::bigint and j.attempts = $3 and j.locked_by = $4
  returning j.*
), recorded as (
  update ${attempts} a set outcome = $6, settled_at = now(), duration_ms = $5, error = $7::text::jsonb,
    hook_error = $8::text::jsonb, reason = $9::text
  from held where ${claim}
)
insert into ${dead} as d (id, queue, payload, reason, attempts, queue_name, priority, flags, created_at)
select j.id, $1, j.payload, $9::text, $10::integer, q.queue_name, j.priority, j.flags, j.created_at
from held j left join ${queues} q on q.id = j.job_queue_id
on conflict (id) do update set ${anew}
returning d.id`,

    /**
     * 4. A success, recorded if the job is still this worker's. graphile-worker itself does not ask before it deletes
     * the row. A job that was replaced through its key meanwhile (its attempts are set to the most) is still ours.
     * $1 queue $2 id $3 fence $4 pool $5 duration $6 hook error
     */
    done: `
update ${attempts} a set outcome = 'done', settled_at = now(), duration_ms = $5, hook_error = $6::text::jsonb
from ${jobs} j
where ${claim} and j.id = $2::text::bigint and j.locked_by = $4 and (j.attempts = $3 or j.attempts >= j.max_attempts)
returning a.fence`,

    /**
     * 5. Frees jobs: the claims named (given back, or lost by graphile-worker), and all claims older than the limit
     * whose pool has not been heard of since: pools that had a heartbeat, and any that ran our tasks. What was decided
     * before is kept: a delay, a burial. A job that would be out of attempts gets room, to come to us and be judged.
     * And sets the time of jobs that were failed no longer ago than the reach, and whose worker died before it could
     * (2): graphile-worker's own delay goes up to six hours.
     * $1 limit in ms $2 claims as 'id:attempts:pool' $3 reach in ms
     */
    free: `
with late as (
  update ${jobs} j set run_at = a.due_at from (
    select case when a.job_id ~ '^[0-9]{1,18}$' then a.job_id::bigint end as id, a.fence, ${decided} as due_at
    from ${attempts} a join ${tasks} t on t.identifier = a.queue
    where a.outcome = 'retry' and a.settled_at > now() - $3::float8 * interval '1 millisecond'
  ) a
  where j.id = a.id and j.attempts = a.fence and j.locked_at is null and j.run_at > a.due_at
  returning j.id
), freed as (
  update ${jobs} j set locked_at = null, locked_by = null,
    run_at = coalesce((select ${decided} from ${attempts} a, ${tasks} t where t.id = j.task_id and a.queue = t.identifier
      and a.job_id = j.id::text and a.fence = j.attempts and a.outcome in ('retry', 'released')), j.run_at),
    max_attempts = case when exists (select from ${attempts} a, ${tasks} t where t.id = j.task_id
      and a.queue = t.identifier and a.job_id = j.id::text and a.fence = j.attempts and a.reason is null)
      then greatest(j.max_attempts, ${HEADROOM}) else j.max_attempts end
  from (
    select l.id, l.locked_by from ${jobs} l where l.locked_at is not null and (
      l.id || ':' || l.attempts || ':' || l.locked_by = any($2::text[])
      or (l.locked_at < now() - $1::float8 * interval '1 millisecond'
        and not exists (select from ${pools} p where p.id = l.locked_by
          and p.beat_at >= now() - $1::float8 * interval '1 millisecond')
        and (exists (select from ${pools} p where p.id = l.locked_by)
          or exists (select from ${attempts} a, ${tasks} t where t.id = l.task_id and a.queue = t.identifier)))
    ) for update skip locked
  ) l where j.id = l.id
  returning j.id, j.job_queue_id, l.locked_by
), opened as (
  update ${queues} q set locked_at = null, locked_by = null from freed
  where q.id = freed.job_queue_id and q.locked_by = freed.locked_by
)
select id from freed union all select id from late`,

    /**
     * 6. Buries jobs that ran out of attempts without us, in a crash or a lock that timed out: graphile-worker keeps
     * them for ever and says nothing. Only jobs whose last claims, or whose tasks' other jobs, were ours. A letter of this
     * id stays, unless the job was claimed since it was written.
     */
    sweep: `
with gone as (
  select j.*, t.identifier from ${jobs} j join ${tasks} t on t.id = j.task_id
  where j.attempts >= j.max_attempts and j.locked_at is null
    and exists (select from ${attempts} a where a.queue = t.identifier)
    and (j.attempts = 1 or exists (select from ${attempts} a where a.queue = t.identifier and a.job_id = j.id::text
      and a.fence between j.attempts - 1 and j.attempts))
    and not exists (select from ${attempts} a where a.queue = t.identifier and a.job_id = j.id::text
      and a.fence = j.attempts and a.reason is not null)
  limit 1000 for update of j skip locked
), recorded as (
  insert into ${attempts} (queue, job_id, fence, attempt, first_due_at, reason)
  select g.identifier, g.id::text, g.attempts, g.attempts, g.run_at, 'stalled' from gone g
  on conflict (queue, job_id, fence) do update set reason = excluded.reason
  returning queue, job_id, fence, attempt
)
insert into ${dead} as d (id, queue, payload, reason, attempts, queue_name, priority, flags, created_at)
select g.id, g.identifier, g.payload, 'stalled', r.attempt, q.queue_name, g.priority, g.flags, g.created_at
from gone g join recorded r on r.queue = g.identifier and r.job_id = g.id::text
left join ${queues} q on q.id = g.job_queue_id
on conflict (id) do update set ${anew} where exists (select from ${attempts} a
  where a.queue = excluded.queue and a.job_id = excluded.id::text and a.fence > 0 and a.claimed_at > d.died_at)
returning d.id`,

    beat: `
insert into ${pools} (id, beat_at) select id, now() from unnest($1::text[]) as id
on conflict (id) do update set beat_at = excluded.beat_at`,
    /** Pools are forgotten long after their jobs were freed. */
    forget: `delete from ${pools} where beat_at < now() - 10 * $1::float8 * interval '1 millisecond'`,
  };
}
