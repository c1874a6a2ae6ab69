import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { delayFor } from '../../../src/index.js';
import type { JobView } from '../subject.js';
import { until } from '../trial.js';
import { EARLY_MS, expectGap, type Given, job } from './given.js';

/** Chance without chance, for delays that can be told beforehand. */
const random = (k: number): number => [0.1, 0.9, 0.5][k - 1] ?? 0;

/** What follows a failure: delays, stops and hints. */
export function outcomes({ it }: Given): void {
  it('1 · the delays in the store are the whole milliseconds of the policy', async ({ open }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 1_000, jitter: 'equal' });
    await trial.work({ random: () => random });
    const ids = await trial.enqueue(Array.from({ length: 10 }, () => job('fail')));
    const seen = new Map(ids.map((id) => [id, [] as JobView[]]));
    await until(20_000, 'all are dead', async () => {
      const views = await trial.queue.views();
      for (const [id, list] of seen) {
        const view = views.get(id);
        if (view?.dueAtMs !== undefined && view.dueAtMs !== list.at(-1)?.dueAtMs) list.push(view);
      }
      return ids.every((id) => views.get(id)?.state === 'dead');
    });
    const expected = [1, 2, 3].map((k) => delayFor(trial.policy, k, random));
    for (const list of seen.values()) {
      expect(list).toHaveLength(3);
      for (const [index, delayMs] of expected.entries()) {
        expect(Math.abs((list[index]?.delayMs ?? NaN) - delayMs)).toBeLessThanOrEqual(2);
      }
    }
  });

  it('3 · what is not retryable runs once, and its letter names the original error', async ({ open }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
    await trial.work();
    const payload = job('permanent');
    const [id = ''] = await trial.enqueue([payload]);
    expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
    expect(trial.runs(id)).toEqual([1]);
    expect(await trial.queue.deadLetters.list()).toMatchObject([
      {
        id,
        payload,
        reason: 'not-retryable',
        attempts: 1,
        lastError: { name: 'CardError', message: 'card declined' },
        history: [{ attempt: 1, outcome: 'dead', reason: 'not-retryable' }],
      },
    ]);
  });

  it('4 · a job that always fails runs maxRetries + 1 times and leaves one letter with all of them', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
    await trial.work();
    const [id = ''] = await trial.enqueue([job('fail')]);
    await trial.settled([id]);
    expect(trial.runs(id)).toEqual([1, 2, 3, 4]);
    const letters = await trial.queue.deadLetters.list();
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ id, reason: 'retries-exhausted', attempts: 4 });
    expect(letters[0]?.history.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'retry'],
      [2, 'retry'],
      [3, 'retry'],
      [4, 'dead'],
    ]);
    expect(letters[0]?.lastError.message).toBe('flaky, attempt 4');
    expect(letters[0]?.lastFailedAtMs).toBeGreaterThan(letters[0]?.firstFailedAtMs ?? Infinity);
  });

  it('4 · a redriven job starts anew, and purge leaves nothing', async ({ open }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 20 });
    await trial.work();
    const [first = '', second = ''] = await trial.enqueue([job('fail'), job('fail')]);
    await trial.settled([first, second]);
    expect(await trial.queue.deadLetters.redrive(first)).toBe(true);
    expect(await trial.queue.deadLetters.redrive('no such id')).toBe(false);
    await until(20_000, 'the redriven job is dead again', async () => {
      const letters = await trial.queue.deadLetters.list();
      return letters.length === 2 && trial.ledgerOf().filter(({ what }) => what === 'begin').length === 6;
    });
    expect(await trial.queue.deadLetters.purge({ olderThanMs: 3_600_000 })).toBe(0);
    expect(await trial.queue.deadLetters.purge()).toBe(2);
    expect(await trial.queue.deadLetters.list()).toEqual([]);
  });

  it('5 · hints of every form are obeyed inside their limits, and end the job above them', async ({
    open,
  }) => {
    const trial = await open({
      maxRetries: 1,
      baseDelayMs: 100,
      jitter: [1, 1.25],
      maxRetryAfterMs: 5_000,
    });
    await trial.work();
    const ids = await trial.enqueue([
      job({ hintSeconds: 1 }, 'ok'),
      job({ hintMs: 700 }, 'ok'),
      job({ hintDateSeconds: 2 }, 'ok'),
      job({ hintSeconds: 0 }, 'ok'),
      job({ hintSeconds: 3_600 }, 'ok'),
      job({ hintDateSeconds: 3_600 }, 'ok'),
    ]);
    const { done, dead } = await trial.settled(ids);
    expect(done).toEqual(ids.slice(0, 4));
    expect(dead).toEqual(ids.slice(4));
    const delays = ids.slice(0, 4).map((id) => trial.decisions(id)[0]?.delayMs ?? NaN);
    const limits: [number, number][] = [
      [1_000, 1_250],
      [700, 875],
      // A date has no milliseconds: up to one second of it is gone when it is written.
      [900, 2_500],
      [100, 125],
    ];
    for (const [index, [low, high]] of limits.entries()) {
      expect(delays[index]).toBeGreaterThanOrEqual(low);
      expect(delays[index]).toBeLessThanOrEqual(high);
    }
    for (const [index, id] of ids.slice(0, 4).entries()) expectGap(trial, id, delays[index] ?? NaN);
    for (const id of dead) {
      expect(trial.decisions(id)).toEqual([{ attempt: 1, delayMs: undefined, reason: 'hint-too-long' }]);
    }
  });

  it('6 · delays of 0 neither hang nor run hot', async ({ open }) => {
    const trial = await open({ backoff: [0, 0, 0] });
    await trial.work();
    const ids = await trial.enqueue([job('fail'), job('fail', 'fail', 'ok')]);
    expect(await trial.settled(ids)).toEqual({ done: [ids[1]], dead: [ids[0]] });
    expect(ids.map((id) => trial.runs(id))).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3],
    ]);
  });

  it.for([2 ** 31 + 5, 2 ** 45, Number.MAX_SAFE_INTEGER])(
    '6 · after a delay of %i ms a job is not forgotten, and not run early',
    async (delayMs, { open }) => {
      const trial = await open({ backoff: [delayMs], maxDelayMs: Infinity });
      await trial.work();
      const [id = ''] = await trial.enqueue([job('fail')]);
      let view: JobView | undefined;
      await until(10_000, 'the job is delayed', async () => {
        view = (await trial.queue.views()).get(id);
        return view?.dueAtMs !== undefined;
      });
      await sleep(1_500);
      expect(trial.runs(id)).toEqual([1]);
      // A double holds no instant that far away to the millisecond.
      expect(view?.dueAtMs).toBeGreaterThan((Date.now() + delayMs) * (1 - 1e-12) - 5_000);
    },
  );

  it('6 · a saturated delay stays under the cap and goes on', async ({ open }) => {
    const trial = await open({
      maxRetries: 6,
      baseDelayMs: 100,
      factor: 1e6,
      maxDelayMs: 150,
      jitter: 'full',
    });
    await trial.work();
    const [id = ''] = await trial.enqueue([job('fail')]);
    await trial.settled([id]);
    expect(trial.runs(id)).toHaveLength(7);
    for (const { delayMs = 0 } of trial.decisions(id)) expect(delayMs).toBeLessThanOrEqual(150);
  });

  it('18 · an exact delay is exact to the millisecond, below the delay of the policy and above its cap', async ({
    open,
  }) => {
    // The hosts' own delays would be too long as well: graphile-worker's fourth is 54 s.
    const delays = [40, 1_000, 2_600, 700];
    const trial = await open({ maxRetries: 4, baseDelayMs: 2_000, maxDelayMs: 2_000, maxRetryAfterMs: 0 });
    await trial.work();
    const [id = ''] = await trial.enqueue([job(...delays.map((exactMs) => ({ exactMs })), 'ok')]);
    const seen = new Map<number, number>();
    await until(25_000, 'the last attempt runs', async () => {
      const runs = trial.runs(id).length;
      const view = (await trial.queue.views()).get(id);
      if (view?.delayMs !== undefined && trial.runs(id).length === runs) seen.set(runs, view.delayMs);
      return runs > delays.length;
    });
    expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
    expect(trial.decisions(id).map(({ delayMs }) => delayMs)).toEqual([...delays, undefined]);
    const begins = trial.ledgerOf(id).filter(({ what }) => what === 'begin');
    for (const [index, delayMs] of delays.entries()) {
      const waitedMs = (begins[index + 1]?.atMs ?? NaN) - (begins[index]?.atMs ?? NaN);
      expect(waitedMs).toBeGreaterThanOrEqual(delayMs - EARLY_MS);
      // The others are long enough to be seen in the store.
      if (delayMs !== 40) expect(Math.abs((seen.get(index + 1) ?? NaN) - delayMs)).toBeLessThanOrEqual(2);
    }
  });

  it('19 · a policy of one retry whose policyFor chooses four makes five attempts, on every host', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 60_000, maxDelayMs: 60_000 });
    const patient = { maxRetries: 4, baseDelayMs: 100, jitter: 'none' } as const;
    await trial.work({
      policyFor: (failure) => ((failure as Error).message.startsWith('flaky') ? patient : undefined),
    });
    // Also where the enqueue has limits of the host's own.
    const ids = [
      ...(await trial.enqueue([job('fail')])),
      ...(await trial.enqueue([job('fail'), job('fail')], true)),
    ];
    expect(await trial.settled(ids)).toEqual({ done: [], dead: ids });
    for (const id of ids) {
      expect(trial.runs(id)).toEqual([1, 2, 3, 4, 5]);
      expect(trial.decisions(id)).toEqual([
        ...[100, 200, 400, 800].map((delayMs, index) => ({ attempt: index + 1, delayMs, reason: undefined })),
        { attempt: 5, delayMs: undefined, reason: 'retries-exhausted' },
      ]);
    }
    const letters = await trial.queue.deadLetters.list();
    for (const { reason, attempts } of letters) expect([reason, attempts]).toEqual(['retries-exhausted', 5]);
    expect(letters).toHaveLength(3);
  });
}
