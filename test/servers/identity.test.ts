import { randomUUID } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { definePolicy, type PolicySpec, seeded } from '../../src/index.js';
import { inProcess } from './conformance/in-process.js';
import type { Step } from './handler.js';
import { createDatabase } from './postgres.js';
import { subjectNamed, subjects } from './subjects.js';
import { Trial } from './trial.js';

const { redis, postgres } = inject('services');
const missing = [redis, postgres].flatMap((service) => ('missing' in service ? [service.missing] : []));

/** What a job does in its attempts: fails to the end, is told to wait, gives up, succeeds. */
const SCRIPTS: readonly (readonly Step[])[] = [
  ['fail'],
  ['fail', { hintMs: 120 }, 'fail', { hintMs: 90 }],
  ['fail', { hintMs: 200 }, 'permanent'],
  [{ hintSeconds: 3_600 }],
  ['fail', 'fail', 'ok'],
];

/** One policy for each way in which a delay comes about. No deadline: queues wait for their own reasons, too. */
const POLICIES: readonly PolicySpec[] = [
  { maxRetries: 4, baseDelayMs: 40, jitter: 'equal' },
  { maxRetries: 3, baseDelayMs: 30, maxDelayMs: 100, backoff: 'decorrelated' },
  { maxRetries: 4, baseDelayMs: 20, backoff: 'fibonacci', jitter: 'full' },
  { backoff: [10, 0, 77], jitter: [0.5, 1.5] },
].map((spec) => definePolicy({ ...spec, maxRetryAfterMs: 1_000 } as PolicySpec));

/** Every decision on every script under every policy, as a worker of this host saw them. */
async function decisionsOf(name: string, url: string) {
  const subject = await subjectNamed(name);
  return Promise.all(
    POLICIES.map(async (policy) => {
      const trial = await Trial.open(subject, url, policy);
      onTestFinished(() => trial.close());
      await trial.work({ random: () => seeded('the same everywhere') });
      const ids = await trial.enqueue(SCRIPTS.map((steps, index) => ({ key: `job ${index}`, steps })));
      await trial.settled(ids);
      return ids.map((id) => trial.decisions(id));
    }),
  );
}

test.skipIf(missing.length > 0)(
  `one policy and one seed give one list of attempts, delays and reasons, in process and on every queue${missing.join()}`,
  { timeout: 120_000 },
  async () => {
    const expected = await Promise.all(
      POLICIES.map((policy) => Promise.all(SCRIPTS.map((steps) => inProcess(policy, steps)))),
    );
    // Not the same list by being empty.
    expect(expected.flat(2).filter(({ delayMs }) => delayMs !== undefined).length).toBeGreaterThan(40);

    const seen: Record<string, unknown> = {};
    for (const name of Object.keys(subjects)) {
      const { server } = await subjectNamed(name);
      const service = server === 'redis' ? redis : postgres;
      const at = 'url' in service ? service.url : '';
      const url = server === 'redis' ? at : await createDatabase(at, `t_${randomUUID().replaceAll('-', '')}`);
      seen[name] = await decisionsOf(name, url);
    }
    expect(Object.keys(seen)).toEqual(
      expect.arrayContaining(['bullmq on redis', 'pg-boss', 'graphile-worker', 'table on pg']),
    );
    expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map((name) => [name, expected])));
  },
);
