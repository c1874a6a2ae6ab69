import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { definePolicy } from '../../../src/index.js';
import type { Step } from '../handler.js';
import { until } from '../trial.js';
import { type Given, job } from './given.js';

/** Workers that die, or seem to. */
export function crashes({ it, subject }: Given): void {
  it('10 · a crash on the last attempt leaves a letter that says stalled', async ({ open }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
    const worker = await trial.workApart(1);
    const [id = ''] = await trial.enqueue([job('fail', 'crash')]);
    await worker.ended();
    await trial.work();
    expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
    expect(trial.runs(id)).toEqual([1, 2]);
    expect(await trial.queue.deadLetters.list()).toMatchObject([
      {
        id,
        reason: 'stalled',
        attempts: 2,
        history: [
          { attempt: 1, outcome: 'retry' },
          { attempt: 2, outcome: 'stalled' },
        ],
      },
    ]);
  });

  it('11 · a worker that was frozen past its lease overwrites nothing', async ({ open }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 50 });
    const frozen = await trial.workApart(2);
    const late: Step[] = [{ workMs: 700, next: 'permanent' }, 'ok'];
    const lateSuccess: Step[] = [{ workMs: 700, next: 'ok' }, 'permanent'];
    const isUnfenced = subject().exceptions?.unfencedCompletion !== undefined;
    const ids = await trial.enqueue([job(...late), ...(isUnfenced ? [] : [job(...lateSuccess)])]);
    await until(10_000, 'the first attempts run', () => ids.every((id) => trial.runs(id).length === 1));
    frozen.freeze();
    await trial.work();
    await trial.settled(ids);
    frozen.resume();
    await until(10_000, 'the frozen attempts end', () =>
      ids.every((id) => trial.ledgerOf(id).some(({ pid, what }) => pid === frozen.pid && what !== 'begin')),
    );
    await sleep(500);
    expect(await trial.settled(ids)).toEqual({ done: [ids[0]], dead: ids.slice(1) });
    for (const id of ids) expect(trial.runs(id)).toEqual([1, 2]);
    expect((await trial.queue.deadLetters.list()).map(({ id, attempts }) => [id, attempts])).toEqual(
      ids.slice(1).map((id) => [id, 2]),
    );
  });

  it('13 · a crash between dead letter and settle leaves exactly one letter', async ({ open }) => {
    const trial = await open({ maxRetries: 3, baseDelayMs: 50 });
    const worker = await trial.workApart(1, 'die-after-dead-letter');
    const [id = ''] = await trial.enqueue([job('permanent')]);
    await worker.ended();
    await trial.work();
    expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
    expect(trial.runs(id)).toEqual([1]);
    expect(await trial.queue.deadLetters.list()).toMatchObject([
      { id, reason: 'not-retryable', attempts: 1 },
    ]);
  });

  it('19 · policyFor holds for a job that was lost once and has failed normally since', async ({ open }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
    const worker = await trial.workApart(1);
    const [id = ''] = await trial.enqueue([job('crash', 'fail')]);
    await worker.ended();
    await trial.work({ policyFor: () => PATIENT });
    expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
    expect(trial.runs(id)).toEqual([1, 2, 3, 4, 5]);
    expect(await trial.queue.deadLetters.list()).toMatchObject([
      { id, reason: 'retries-exhausted', attempts: 5 },
    ]);
    expect(trial.outcomes(id)).toEqual([
      [1, 'stalled'],
      [2, 'retry'],
      [3, 'retry'],
      [4, 'retry'],
      [5, 'dead'],
    ]);
  });

  it('19, 20 · for an attempt that was lost the policy of the queue holds; observers hear of it, and of the death', async ({
    open,
  }) => {
    const trial = await open({ maxRetries: 1, baseDelayMs: 50 });
    const worker = await trial.workApart(1, undefined, PATIENT);
    const [id = ''] = await trial.enqueue([job('fail', 'fail', 'crash')]);
    await worker.ended();
    await trial.work({
      policyFor: () => PATIENT,
      onAttempt: (event) => {
        trial.events.push(event);
        throw new Error(`metrics are down at ${event.outcome}`);
      },
    });
    expect(await trial.settled([id])).toEqual({ done: [], dead: [id] });
    expect(trial.runs(id)).toEqual([1, 2, 3]);
    expect(await trial.queue.deadLetters.list()).toMatchObject([
      {
        id,
        reason: 'stalled',
        attempts: 3,
        history: [
          { attempt: 1, outcome: 'retry' },
          { attempt: 2, outcome: 'retry' },
          { attempt: 3, outcome: 'stalled', hookError: { message: 'metrics are down at dead' } },
        ],
      },
    ]);
    expect(trial.events).toMatchObject([
      { id, attempt: 3, outcome: 'stalled', maxRetries: 1 },
      { id, attempt: 3, outcome: 'dead', reason: 'stalled', maxRetries: 1 },
    ]);
    for (const event of trial.events) expect(event).not.toHaveProperty('durationMs');
  });
}

const PATIENT = definePolicy({ maxRetries: 4, baseDelayMs: 50, jitter: 'none' });
