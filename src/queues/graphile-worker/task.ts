import type { PolicySpec } from '../../index.js';
import { resolvePolicy, systemClock } from '../../internal.js';
import { runAttempt } from '../attempt.js';
import type { Run } from '../run.js';
import { checkHandler, type Known, optionsOf, QUEUE_OPTIONS } from '../options.js';
import { takeOver } from '../take-over.js';
import type { JobContext, QueueOptions } from '../types.js';
import { wakeUps } from '../wake-ups.js';
import { claimed } from './claim.js';
import { fitting } from './fitting.js';
import type { GraphileHelpers, GraphileJob, GraphileTask } from './host.js';
import { NAMES, type Names, namesOf } from './names.js';
import { statements } from './statements.js';
import { refuseTooMany } from './task-spec.js';
import { versionCheck } from './version.js';

/** The user's function: one call is one attempt. The third argument is graphile-worker's own. */
export type GraphileHandler<Payload, Helpers extends GraphileHelpers = GraphileHelpers> = (
  job: GraphileJob<Payload>,
  context: JobContext,
  helpers: Helpers,
) => unknown;

export interface TaskOptions<Payload = any> extends QueueOptions<GraphileJob<Payload>>, Names {}

const OPTIONS: Known<TaskOptions> = { ...QUEUE_OPTIONS, ...NAMES };

/**
 * A graphile-worker task whose retries this policy rules, whatever the job was added with. The tables of `schema(names)`
 * must be there, and every process that runs such tasks must run `recover`, or the jobs of a worker that died wait four
 * hours.
 *
 * The delays are exact on the database's clock. Completion is graphile-worker's own and is not fenced: a worker that
 * lost its job to another one is found out when its handler returns, but one that loses it between that check and
 * graphile-worker's `delete` deletes the row under the newer attempt.
 *
 * @throws TypeError if the policy, the handler or a name is wrong, or for an option there is not; RangeError if `maxRetries` is finite and above 32 765.
 */
export function task<Payload = any, Helpers extends GraphileHelpers = GraphileHelpers>(
  policy: PolicySpec,
  handler: GraphileHandler<Payload, Helpers>,
  given?: TaskOptions<Payload> | null,
): GraphileTask<Helpers> {
  const options = optionsOf('task', given, OPTIONS);
  checkHandler(handler);
  const rules = resolvePolicy(policy);
  refuseTooMany(rules.maxRetries);
  const names = namesOf(options);
  const sql = statements(names);
  const knownVersion = versionCheck(sql);
  const { clock = systemClock } = options;
  const shutdown = joined(options.signal);
  let latest: GraphileHelpers | undefined;
  const wake = wakeUps(clock, (count) => {
    // The pool may have been closed since: then somebody else's polling finds the jobs.
    latest?.query(sql.wake, [count]).catch(() => undefined);
  });

  return async (_payload, helpers) => {
    latest = helpers;
    await knownVersion(helpers);
    const { job } = helpers;
    const claim = claimed(helpers, sql, names);
    const begun = await claim.begin();
    const startMs = clock.now();
    const run: Run<GraphileJob> = {
      policy: rules,
      job,
      queue: job.task_identifier,
      id: job.id,
      attempt: begun.attempt,
      elapsedMs: () => begun.elapsedMs + clock.now() - startMs,
      options,
    };

    let over = begun.decided?.reason;
    if (!over) {
      const taken = await takeOver(run, begun.before);
      await claim.keepHookErrors(taken.hookErrors);
      ({ over } = taken);
    }
    if (over) {
      await claim.bury({ outcome: 'released', reason: over, attempts: begun.attempt - 1 });
      throw new Error(`Job ${job.id} has no attempt left (${over})`);
    }

    const outcome = await runAttempt({
      ...run,
      handler: (its, context) => handler(its, context, helpers),
      options: { ...options, signal: shutdown(helpers.abortSignal) },
    });
    switch (outcome.kind) {
      case 'done':
        await claim.done(outcome.record);
        return;
      case 'retry':
        if (await claim.retry(outcome.record)) {
          const dueMs = clock.now() + outcome.delayMs;
          // A wake-up before the exact time is set would find the job held back by graphile-worker's own delay.
          const isSet = claim.due().catch(() => undefined);
          void isSet.then(() => wake.in(Math.max(0, dueMs - clock.now())));
        }
        throw fitting(outcome.error);
      case 'dead':
        await claim.bury({
          ...outcome.record,
          outcome: 'dead',
          reason: outcome.reason,
          attempts: begun.attempt,
        });
        throw fitting(outcome.error);
      case 'released':
        await claim.release();
        throw new Error(`Job ${job.id} was given back at shutdown`);
    }
  };
}

/** graphile-worker's own shutdown gives jobs back, too. Its pools have one signal each: one joint signal for each. */
function joined(ours: AbortSignal | undefined): (theirs: AbortSignal) => AbortSignal {
  const joints = new WeakMap<AbortSignal, AbortSignal>();
  return (theirs) => {
    const joint = joints.get(theirs) ?? (ours ? AbortSignal.any([theirs, ours]) : theirs);
    joints.set(theirs, joint);
    return joint;
  };
}
