import { randomUUID } from 'node:crypto';
import { fromPglite, PgBoss, type ConstructorOptions } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { permanent } from '../../src/index.js';
import { takeLimits, takeLimitsValues } from '../../src/queues/pg-boss/limits.js';
import { type BossJob, deadLetters, queueOptions, work } from '../../src/queues/pg-boss/index.js';
import { createDatabase } from './postgres.js';
import { until } from './trial.js';

// What the adapter relies on in pg-boss 12: the statement on a table of its own, and what its functions answer. When one
// of these fails after an upgrade, the adapter has to change.

const { postgres } = inject('services');
const missing = 'missing' in postgres ? postgres.missing : undefined;

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'pg-boss does what the adapter relies on', () => {
  let url: string;
  let boss: PgBoss;
  const bosses: PgBoss[] = [];

  async function start(options: ConstructorOptions = {}): Promise<PgBoss> {
    const started = new PgBoss({ connectionString: url, max: 4, supervise: false, ...options });
    started.on('error', () => undefined);
    bosses.push(started);
    return started.start();
  }

  beforeAll(async () => {
    if ('url' in postgres) url = await createDatabase(postgres.url, `t_${randomUUID().replaceAll('-', '')}`);
    boss = await start();
  });
  afterAll(() => Promise.all(bosses.map((each) => each.stop({ graceful: false }))));

  /** A queue with a dead letter queue, made for the policy. */
  async function queue(policy = {}, options = {}): Promise<string> {
    const name = `q${randomUUID()}`;
    await boss.createQueue(`${name}-dead`);
    await boss.createQueue(name, { ...queueOptions(policy, { deadLetter: `${name}-dead` }), ...options });
    return name;
  }

  /** A job, sent and claimed as a worker claims it. */
  async function claimed(name: string, options = {}): Promise<BossJob> {
    await boss.send(name, { to: 'ada' }, options);
    const [job] = await boss.fetch(name, { includeMetadata: true });
    if (!job) throw new Error('The job was not claimed');
    return job;
  }

  const stored = async (name: string, id: string) => (await boss.findJobs(name, { id }))[0];
  const take = (name: string, job: BossJob) =>
    boss.getDb().executeSql(takeLimits('pgboss'), takeLimitsValues(name, [job]));

  test.each([false, true])(
    'the retry options of a claimed job can be taken away (a table of its own: %s)',
    async (partition) => {
      const name = await queue({}, { partition });
      const job = await claimed(name, {
        retryLimit: 0,
        retryDelay: 60,
        retryBackoff: true,
        retryDelayMax: 99,
      });
      await take(name, job);
      expect(await stored(name, job.id)).toMatchObject({
        state: 'active',
        retryLimit: 1_000_000,
        retryDelay: 0,
        retryBackoff: false,
      });
      await boss.fail(name, { id: job.id, retryCount: 0 });
      expect((await stored(name, job.id))?.state).toBe('retry');
    },
  );

  test('the retry options of a job that was claimed again, or is claimed by nobody, stay', async () => {
    const name = await queue();
    const job = await claimed(name, { retryLimit: 5 });
    await take(name, { ...job, retryCount: 1 });
    expect((await stored(name, job.id))?.retryLimit).toBe(5);
    await boss.fail(name, { id: job.id, retryCount: 0 });
    await take(name, job);
    expect((await stored(name, job.id))?.retryLimit).toBe(5);
  });

  test('fail and update in one transaction set an exact time on the database clock', async () => {
    const name = await queue();
    const job = await claimed(name);
    const tx = (await boss.getDb().beginTransaction?.()) ?? expect.fail('no transactions');
    const { db } = tx;
    const { rows } = await db.executeSql('select now() as now');
    const failed = await boss.fail(name, { id: job.id, retryCount: 0 }, null, { db });
    expect(failed).toMatchObject({ affected: 1 });
    expect(await boss.update({ name, options: { id: job.id, startAfter: 0.357, db } })).toMatchObject({
      updated: 1,
    });
    await tx.commit();
    expect(await stored(name, job.id)).toMatchObject({
      state: 'retry',
      startAfter: new Date(rows[0].now.getTime() + 357),
    });
  });

  test('a delay of more than 68 years can be given in days', async () => {
    const name = await queue();
    const job = await claimed(name);
    await boss.fail(name, { id: job.id, retryCount: 0 });
    await boss.update({ name, options: { id: job.id, startAfter: '104249991 days' } });
    const { rows } = await boss
      .getDb()
      .executeSql(
        `select start_after > now() + interval '285000 years' as far from pgboss.job where id = $1`,
        [job.id],
      );
    expect(rows).toEqual([{ far: true }]);
  });

  test('a claim that is over can neither fail nor reschedule the job', async () => {
    const name = await queue();
    const job = await claimed(name);
    await boss.fail(name, { id: job.id, retryCount: 0 });
    const [second] = await boss.fetch(name, { includeMetadata: true });
    expect(second?.retryCount).toBe(1);
    expect(await boss.fail(name, { id: job.id, retryCount: 0 })).toMatchObject({ affected: 0 });
    expect(await boss.update({ name, options: { id: job.id, startAfter: 60 } })).toMatchObject({
      updated: 0,
    });
    expect((await stored(name, job.id))?.state).toBe('active');
  });

  test('the worker functions of one work call are told apart, and say whether they are busy', async () => {
    const name = await queue();
    const id = await boss.work(name, { localConcurrency: 3 }, async () => undefined);
    const workers = boss.getWipData().filter((worker) => worker.workId === id);
    expect(workers).toHaveLength(3);
    expect(workers.map(({ count }) => count)).toEqual([0, 0, 0]);
    await boss.offWork(name, { id, wait: true });
    expect(boss.getWipData().filter((worker) => worker.workId === id)).toEqual([]);
  });

  test('an idle worker is woken when a retry falls due, and does not wait for its next poll', async () => {
    const policy = { maxRetries: 1, baseDelayMs: 200, jitter: 'none' } as const;
    const name = await queue(policy);
    await boss.send(name, {});
    const begunAt: number[] = [];
    const worker = await work(
      boss,
      name,
      policy,
      () => {
        begunAt.push(performance.now());
        if (begunAt.length === 1) throw new Error('busy');
      },
      { pollingIntervalSeconds: 30, localConcurrency: 2 },
    );
    await until(10_000, 'both attempts have run', () => begunAt.length === 2);
    await worker.stop();
    const [first = NaN, second = NaN] = begunAt;
    expect(second - first).toBeGreaterThanOrEqual(198);
    expect(second - first).toBeLessThan(5_000);
  });

  test('a job given back at shutdown has a new fence, its attempt is uncounted, and the old claim is dead', async () => {
    const policy = { maxRetries: 0 };
    const name = await queue(policy);
    await boss.send(name, {});
    const attempts: number[] = [];
    let first: BossJob | undefined;
    const worker = await work(boss, name, policy, async (job, { attempt, signal }) => {
      first = job;
      attempts.push(attempt);
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('cut short'))),
      );
    });
    await until(10_000, 'the job runs', () => attempts.length === 1);
    await worker.stop();
    const released = await stored(name, first?.id ?? '');
    expect(released).toMatchObject({ state: 'retry', retryCount: 0 });

    const second = await work(boss, name, policy, (job, { attempt }) => {
      attempts.push(attempt);
      expect(job.retryCount).toBe(1);
    });
    await until(
      10_000,
      'the job is done',
      async () => (await stored(name, first?.id ?? ''))?.state === 'completed',
    );
    expect(attempts).toEqual([1, 1]);
    expect(await boss.fail(name, { id: first?.id ?? '', retryCount: 0 })).toMatchObject({ affected: 0 });
    await second.stop();
  });

  test('a job that was due an hour ago runs once, and not again past its deadline', async () => {
    const policy = { maxRetries: 5, backoff: [0], maxElapsedMs: 3_600_000 } as const;
    const name = await queue(policy);
    const id = (await boss.send(name, {})) ?? '';
    await boss
      .getDb()
      .executeSql(`update pgboss.job set start_after = now() - interval '1 hour' where id = $1`, [id]);
    const attempts: number[] = [];
    const worker = await work(boss, name, policy, (_job, { attempt }) => {
      attempts.push(attempt);
      throw new Error('busy');
    });
    await until(10_000, 'the job is dead', async () => (await stored(name, id))?.state === 'failed');
    await worker.stop();
    expect(attempts).toEqual([1]);
    expect(await deadLetters(boss, `${name}-dead`).list()).toMatchObject([
      { reason: 'deadline', attempts: 1 },
    ]);
  });

  /** Works the queue until its one job has come to an end. */
  async function worked(name: string, id: string, handler: () => unknown): Promise<number> {
    let runs = 0;
    const policy = { maxRetries: 2, backoff: [0] };
    const worker = await work(boss, name, policy, () => {
      runs += 1;
      return handler();
    });
    const over = ['completed', 'failed', 'cancelled'];
    await until(10_000, 'the job is over', async () =>
      over.includes((await stored(name, id))?.state ?? 'gone'),
    );
    await worker.stop();
    return runs;
  }

  test('a job of an id that was used before has all its attempts, and each letter its own history', async () => {
    const name = await queue();
    const id = randomUUID();
    const letters = deadLetters(boss, `${name}-dead`);
    await boss.send(name, { v: 1 }, { id });
    expect(await worked(name, id, () => Promise.reject(new Error('first')))).toBe(3);
    await boss.deleteJob(name, id);
    await boss.send(name, { v: 2 }, { id });
    expect(await worked(name, id, () => 'done')).toBe(1);
    await boss.deleteJob(name, id);
    await boss.send(name, { v: 3 }, { id });
    expect(await worked(name, id, () => Promise.reject(permanent(new Error('third'))))).toBe(1);
    const first = {
      id,
      payload: { v: 1 },
      attempts: 3,
      lastError: { message: 'first' },
      history: [{}, {}, {}],
    };
    const third = { id, payload: { v: 3 }, attempts: 1, lastError: { message: 'third' }, history: [{}] };
    expect(await letters.list()).toMatchObject([first, third]);
    expect(await letters.list({ limit: 0 })).toEqual([]);
    expect(await letters.redrive(id)).toBe(true);
    expect(await letters.list()).toMatchObject([third]);
    expect(await letters.purge()).toBe(1);
  });

  test('a dead job that is retried by hand is not run, and has one letter', async () => {
    const name = await queue();
    const id = (await boss.send(name, {})) ?? '';
    for (const runs of [1, 0, 0]) {
      expect(await worked(name, id, () => Promise.reject(permanent(new Error('declined'))))).toBe(runs);
      expect(await deadLetters(boss, `${name}-dead`).list()).toMatchObject([
        { id, reason: 'not-retryable', attempts: 1, history: [{}] },
      ]);
      await boss.retry(name, id);
      await boss.resume(name, id);
    }
  });

  test('a handler that does not stop keeps its attempt, and stop does not wait for it longer than it is told', async () => {
    const policy = { maxRetries: 3 };
    const name = await queue(policy);
    await boss.send(name, {});
    let isRunning = false;
    let end: (() => void) | undefined;
    const worker = await work(boss, name, policy, async () => {
      isRunning = true;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await until(10_000, 'the job runs', () => isRunning);
    await worker.stop({ timeoutMs: 50 });
    const [job] = await boss.findJobs(name);
    expect(job?.state).toBe('active');
    end?.();
  });

  test('the schema of pg-boss and the name of the side table can be chosen', async () => {
    const other = await start({ schema: 'other_boss' });
    const policy = { maxRetries: 0 };
    await other.createQueue('dead');
    await other.createQueue('mail', queueOptions(policy, { deadLetter: 'dead' }));
    const names = { schema: 'other_boss', history: 'public.Mail attempts' };
    const worker = await work(other, 'mail', policy, () => Promise.reject(new Error('no')), names);
    await other.send('mail', { to: 'ada' }, { retryLimit: 7 });
    const letters = deadLetters<{ to: string }>(other, 'dead', { history: names.history });
    await until(10_000, 'the job is dead', async () => (await letters.list()).length === 1);
    expect(await letters.list()).toMatchObject([
      { queue: 'mail', payload: { to: 'ada' }, attempts: 1, history: [{ attempt: 1, outcome: 'dead' }] },
    ]);
    await worker.stop();
  });

  test('a queue that was not made for the policy is refused, with the way to mend it', async () => {
    const bare = `q${randomUUID()}`;
    await boss.createQueue(bare, { expireInSeconds: 5 });
    await expect(work(boss, bare, { attemptTimeoutMs: 5_000 }, () => undefined)).rejects.toThrow(
      /retryLimit of 2 .*expires jobs after 5 s.*updateQueue\(".*", queueOptions\(policy\)\)/,
    );
    await boss.updateQueue(bare, queueOptions({ attemptTimeoutMs: 5_000 }));
    const worker = await work(boss, bare, { attemptTimeoutMs: 5_000 }, () => undefined);
    await worker.stop();
    await expect(work(boss, 'nowhere', {}, () => undefined)).rejects.toThrow(/no queue "nowhere"/);
  });

  test('a wrong schema is refused, with the option that mends it', async () => {
    const name = await queue();
    await expect(work(boss, name, {}, () => undefined, { schema: 'pg_boss' })).rejects.toThrow(/as `schema`/);
  });

  test('a connection without transactions is refused, such as that to PGlite', async () => {
    const embedded = Object.create(boss, {
      getDb: { value: () => fromPglite({ query: async () => ({ rows: [] }) } as never) },
    }) as PgBoss;
    await expect(work(embedded, await queue(), {}, () => undefined)).rejects.toThrow(/needs transactions/);
  });
});
