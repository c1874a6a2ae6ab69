import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { permanent, seeded } from '../../../src/index.js';
import type { Step } from '../handler.js';
import { until } from '../trial.js';
import { expectGap, type Given, job } from './given.js';
import { inProcess } from './in-process.js';

/** What handlers, hosts and shutdowns do, and what comes of it. */
export function handlers({ it, subject }: Given): void {
  it('7 · whatever is thrown counts as one attempt, and is kept', async ({ open }) => {
    const kinds = ['string', 'undefined', 'null', 'frozen', 'huge-stack', 'proxy'] as const;
    const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
    await trial.work();
    const retried = await trial.enqueue(kinds.map((odd) => job({ odd }, 'ok')));
    const exhausted = await trial.enqueue(kinds.map((odd) => job({ odd })));
    expect(await trial.settled([...retried, ...exhausted])).toEqual({ done: retried, dead: exhausted });
    for (const id of [...retried, ...exhausted]) expect(trial.runs(id)).toEqual([1, 2]);
    const letters = await trial.queue.deadLetters.list();
    const kept = exhausted.map((id) => letters.find((letter) => letter.id === id)?.lastError);
    expect(kept).toMatchObject([
      { message: 'just a string' },
      { name: 'undefined' },
      { name: 'null' },
      { name: 'Error', message: 'frozen' },
      { name: 'Error', message: 'huge' },
      {},
    ]);
    for (const error of kept) expect(JSON.stringify(error).length).toBeLessThan(10_000);
  });

  it('8 · an attempt that takes too long is aborted and counted, and its late result changes nothing', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 100, attemptTimeoutMs: 600 });
    await trial.work();
    const ids = await trial.enqueue([
      job({ waitMs: 10_000 }, 'ok'),
      // Ignores its signal; fails for good while the next attempt is running.
      job({ workMs: 850, next: 'permanent' }, { workMs: 400, next: 'ok' }),
      // Succeeds while the next attempt is running, which fails.
      job({ workMs: 850, next: 'ok' }, { workMs: 400, next: 'permanent' }),
    ]);
    expect(await trial.settled(ids)).toEqual({ done: ids.slice(0, 2), dead: [ids[2]] });
    for (const id of ids) {
      expect(trial.runs(id)).toEqual([1, 2]);
      expect(
        trial.ledgerOf(id).filter(({ what, attempt }) => what === 'aborted' && attempt === 1),
      ).toHaveLength(1);
      expect(trial.decisions(id)[0]).toEqual({ attempt: 1, delayMs: 100, reason: undefined });
    }
    expect(await trial.queue.deadLetters.list()).toMatchObject([{ id: ids[2], attempts: 2 }]);
  });

  it('14 · a success that cannot be settled runs again; on the last attempt it is buried with the success in its history', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 2, baseDelayMs: 50 });
    await trial.work({ fault: 'settle-error', leaseMs: subject().takeOverMs });
    const [id = ''] = await trial.enqueue([job('ok')]);
    expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
    expect(trial.runs(id)).toEqual([1, 2]);
    expect(await trial.queue.deadLetters.list()).toEqual([]);

    const last = await open({ maxRetries: 0 });
    await last.work({ fault: 'settle-error', leaseMs: subject().takeOverMs });
    const [lastId = ''] = await last.enqueue([job('ok')]);
    expect(await last.settled([lastId])).toEqual({ done: [], dead: [lastId] });
    expect(last.runs(lastId)).toEqual([1]);
    expect(await last.queue.deadLetters.list()).toMatchObject([
      { id: lastId, reason: 'stalled', attempts: 1, history: [{ attempt: 1, outcome: 'done' }] },
    ]);
  });

  it("15 · the host's own retry options at the enqueue do not change the policy", async ({ open }) => {
    const trial = await open({ maxRetries: 2, baseDelayMs: 150 });
    await trial.work();
    const ids = await trial.enqueue([job('fail'), job('fail')], true);
    expect((await trial.settled(ids)).dead).toEqual(ids);
    for (const id of ids) {
      expect(trial.decisions(id)).toEqual([
        { attempt: 1, delayMs: 150, reason: undefined },
        { attempt: 2, delayMs: 300, reason: undefined },
        { attempt: 3, delayMs: undefined, reason: 'retries-exhausted' },
      ]);
      expectGap(trial, id, 150);
    }
  });

  it('16 · an attempt cut short by shutdown is given back uncounted, and its late failure changes nothing', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 0 });
    const shutdown = new AbortController();
    const seen: string[] = [];
    const worker = await trial.work({
      signal: shutdown.signal,
      async handler(_payload, { attempt, signal }) {
        seen.push(`begin ${attempt}`);
        await once(signal, 'abort');
        await sleep(300);
        seen.push('late');
        throw permanent(new Error('too late to matter'));
      },
    });
    const [id = ''] = await trial.enqueue([job('ok')]);
    await until(10_000, 'the job runs', () => seen.length === 1);
    shutdown.abort();
    await worker.close();
    expect(seen).toEqual(['begin 1', 'late']);
    expect(trial.events).toEqual([]);
    await trial.work();
    expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
    expect(trial.runs(id)).toEqual([1]);
    expect(await trial.queue.deadLetters.list()).toEqual([]);
  });

  it('16 · work that is finished in spite of the shutdown is not done twice', async ({ open }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 20 });
    const shutdown = new AbortController();
    const worker = await trial.work({ signal: shutdown.signal });
    const [id = ''] = await trial.enqueue([job({ workMs: 500, next: 'ok' })]);
    await until(10_000, 'the job runs', () => trial.runs(id).length === 1);
    shutdown.abort();
    await worker.close();
    await trial.work();
    expect(await trial.settled([id])).toEqual({ done: [id], dead: [] });
    expect(trial.runs(id)).toEqual([1]);
  });

  it('17 · the same policy and seed give the same attempts, delays and reasons as in process', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 4, baseDelayMs: 40, jitter: 'equal', maxRetryAfterMs: 1_000 });
    const hint: Step = { hintMs: 120 };
    const scripts: Step[][] = [
      ['fail'],
      ['fail', hint, 'fail', hint],
      ['fail', hint, 'permanent'],
      ['fail', 'ok'],
    ];
    await trial.work({ random: () => seeded('the same everywhere') });
    const ids = await trial.enqueue(scripts.map((steps) => job(...steps)));
    await trial.settled(ids);
    for (const [index, steps] of scripts.entries()) {
      expect(trial.decisions(ids[index] ?? '')).toEqual(await inProcess(trial.policy, steps));
    }
  });
}
