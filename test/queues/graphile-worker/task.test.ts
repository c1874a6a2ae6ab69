import { expect, test, vi } from 'vitest';
import { definePolicy, delayFor, type PolicySpec, retryIn, seeded } from '../../../src/index.js';
import { attemptsTable } from '../../../src/queues/attempts-table.js';
import { task, type TaskOptions } from '../../../src/queues/graphile-worker/index.js';
import type { GraphileHelpers } from '../../../src/queues/graphile-worker/host.js';
import { namesOf } from '../../../src/queues/graphile-worker/names.js';
import { KNOWN_VERSIONS, statements } from '../../../src/queues/graphile-worker/statements.js';
import { virtualClock } from '../../../src/testing/index.js';

const sql = statements(namesOf({}));
const policy = definePolicy({ maxRetries: 3, baseDelayMs: 1_000 });

/** One claim of a job, at a database where all is well, unless told otherwise. */
function claimed({ attempts = 1, lost = false }: { attempts?: number; lost?: boolean } = {}) {
  const said: { text: string; values: unknown[] }[] = [];
  const shutdown = new AbortController();
  const helpers: GraphileHelpers = {
    job: {
      id: '42',
      payload: { to: 'ada' },
      task_identifier: 'mail',
      attempts,
      max_attempts: 4,
      run_at: new Date(),
      created_at: new Date(),
      locked_at: new Date(),
      locked_by: 'pool',
    },
    async query(text, values = []) {
      said.push({ text, values });
      if (text === sql.version) return { rows: [{ version: KNOWN_VERSIONS[0] }] };
      if (text.includes('with claim as'))
        return { rows: [{ id: '42', attempt: attempts, elapsed_ms: 0, lost: attempts > 1 ? 1 : 0 }] };
      return { rows: lost ? [] : [{}] };
    },
    abortSignal: shutdown.signal,
  };
  const of = (text: string) => said.filter((each) => each.text === text).map(({ values }) => values);
  return { helpers, shutdown, of };
}

const busy = (): never => {
  throw new Error('busy');
};
const run = (
  spec: PolicySpec,
  handler: Parameters<typeof task>[1],
  { helpers }: ReturnType<typeof claimed>,
  options: TaskOptions = {},
) => task(spec, handler, options)({}, helpers);

const late = (): never => {
  throw retryIn(new Error('not yet'), 10);
};

test('the handler gets the job, its attempt and signal, and graphile-worker’s own helpers', async () => {
  const claim = claimed({ attempts: 2 });
  await run(
    policy,
    (job, { attempt, signal }, helpers) => {
      expect([job, attempt, signal.aborted, helpers]).toEqual([claim.helpers.job, 2, false, claim.helpers]);
    },
    claim,
  );
  expect(claim.of(sql.done)).toHaveLength(1);
});

test('a delay is drawn from task and id, and the pools are woken when it is over', async () => {
  const claim = claimed();
  const clock = virtualClock();
  await expect(run(policy, busy, claim, { clock })).rejects.toThrow('busy');
  const delayMs = delayFor(policy, 1, seeded('mail:42'));
  expect(claim.of(sql.retry).map((values) => values[5])).toEqual([delayMs]);
  await clock.advance(delayMs);
  expect(claim.of(sql.wake)).toEqual([]);
  await clock.advance(7);
  expect(claim.of(sql.wake)).toEqual([[1]]);
});

test('the pools are woken only when the exact time is set, however long graphile-worker takes to fail the job', async () => {
  const claim = claimed();
  const clock = virtualClock();
  const query = claim.helpers.query.bind(claim.helpers);
  let isFailed = false;
  claim.helpers.query = async (text, values) => {
    const answer = await query(text, values);
    return text === sql.due && !isFailed ? { rows: [] } : answer;
  };
  await expect(run(policy, late, claim, { clock })).rejects.toThrow('not yet');
  expect(claim.of(sql.retry).map((values) => values[5])).toEqual([10]);
  await vi.waitFor(() => expect(claim.of(sql.due).length).toBeGreaterThan(1));
  await clock.advance(60);
  expect(claim.of(sql.wake)).toEqual([]);
  isFailed = true;
  await vi.waitFor(async () => {
    await clock.advance(7);
    expect(claim.of(sql.wake)).toEqual([[1]]);
  });
});

test('a lost attempt is reported, and what the observer throws is kept with it', async () => {
  const claim = claimed({ attempts: 2 });
  const told: unknown[] = [];
  await run(policy, () => undefined, claim, {
    name: 'outgoing',
    onAttempt: ({ name, queue, attempt, outcome }) => {
      told.push([name, queue, attempt, outcome]);
      if (outcome === 'stalled') throw new Error('metrics are down');
    },
  });
  expect(told).toEqual([
    ['outgoing', 'mail', 1, 'stalled'],
    ['outgoing', 'mail', 2, 'done'],
  ]);
  const [kept] = claim.of(attemptsTable('ostinato_attempts').keepHookError);
  expect(kept?.slice(0, 3)).toEqual(['mail', '42', 1]);
  expect(String(kept?.[3])).toContain('metrics are down');
});

test('options that are null are not given', async () => {
  const common = { classify: null, policyFor: null, onAttempt: null, name: null, random: null, signal: null };
  const names = { worker: null, history: null, dead: null, pools: null };
  for (const options of [{ ...common, ...names, clock: null }, null]) {
    const claim = claimed();
    await run(policy, () => undefined, claim, options as TaskOptions);
    expect(claim.of(sql.done)).toHaveLength(1);
  }
});

test('the version of graphile-worker’s tables is asked once for each task', async () => {
  const mail = task(policy, () => undefined);
  const claim = claimed();
  await mail({}, claim.helpers);
  await mail({}, claim.helpers);
  expect(claim.of(sql.version)).toHaveLength(1);
});

test('a job whose attempts were used up is buried without being run', async () => {
  const claim = claimed({ attempts: 5 });
  await expect(run(policy, () => expect.fail('must not run'), claim)).rejects.toThrow(
    'no attempt left (stalled)',
  );
  expect(claim.of(sql.bury).map((values) => values.slice(5))).toEqual([
    ['released', null, null, 'stalled', 4],
  ]);
  expect(claim.helpers.job.max_attempts).toBe(5);
});

test('a job that was lost is neither deleted, nor rescheduled, nor woken for', async () => {
  const clock = virtualClock();
  await expect(run(policy, () => undefined, claimed({ lost: true }))).rejects.toThrow('was taken over');
  const claim = claimed({ lost: true });
  await expect(run(policy, busy, claim, { clock })).rejects.toThrow('busy');
  expect([claim.of(sql.due), clock.liveTimers, claim.helpers.job.max_attempts]).toEqual([[], 0, 4]);
});

test.each(['graphile-worker', 'the caller'])(
  'a job cut short by %s is given back, and rejects',
  async (who) => {
    const claim = claimed();
    const ours = new AbortController();
    const running = run(
      policy,
      (_job, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
      claim,
      { signal: ours.signal },
    );
    await new Promise((resolve) => setImmediate(resolve));
    (who === 'the caller' ? ours : claim.shutdown).abort();
    await expect(running).rejects.toThrow('given back');
    expect(claim.of(sql.free).map(([, claims]) => claims)).toEqual([['42:1:pool']]);
  },
);
