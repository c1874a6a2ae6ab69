import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { definePolicy, type PolicySpec } from '../../src/index.js';
import type { Run } from '../../src/queues/run.js';
import { DECIDED, takeOver } from '../../src/queues/take-over.js';
import type { AttemptEvent, QueueOptions } from '../../src/queues/types.js';
import { virtualClock } from '../../src/testing/index.js';

interface Job {
  readonly to: string;
}
const job: Job = { to: 'ada' };
/** Lost with its worker, and reported. */
const LOST = { isDecided: false, lost: 0 };

let clock = virtualClock();
beforeEach(() => {
  clock = virtualClock();
});

const run = (spec: PolicySpec, number: number, elapsedMs = 0, options: QueueOptions<Job> = {}): Run<Job> => ({
  policy: definePolicy(spec),
  job,
  queue: 'mail',
  id: '7',
  attempt: number,
  elapsedMs: () => elapsedMs,
  options: { clock, ...options },
});

const over = async (...[given, before = LOST]: Parameters<typeof takeOver<Job>> | [Run<Job>]) =>
  (await takeOver(given, before)).over;

describe('before an attempt', () => {
  test('a job whose attempts were used up by crashes is stalled', async () => {
    expect(await over(run({ maxRetries: 3 }, 4))).toBeUndefined();
    expect(await over(run({ maxRetries: 3 }, 5))).toBe('stalled');
  });

  test('a retry that was decided runs, also where the policy of the queue has no further one', async () => {
    expect(await over(run({ maxRetries: 0 }, 5), DECIDED)).toBeUndefined();
    expect(await over(run({ maxRetries: 0 }, 1_025), DECIDED)).toBeUndefined();
  });

  test('the deadline is asked about now, not about a delay that has been waited for; and always', async () => {
    const spec: PolicySpec = { baseDelayMs: 900, maxElapsedMs: 1_000, jitter: 'none' };
    for (const before of [LOST, DECIDED]) {
      expect(await over(run(spec, 2, 900), before)).toBeUndefined();
      expect(await over(run(spec, 2, 1_000), before)).toBe('deadline');
    }
  });

  test('a first attempt always runs', async () => {
    expect(await over(run({ maxRetries: 0, maxElapsedMs: 0 }, 1, 1e9))).toBeUndefined();
  });

  test('for any policy without a deadline, exactly the attempts up to maxRetries + 1 run', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(50),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom('constant', 'linear', 'exponential', 'fibonacci', 'decorrelated'),
        fc.nat(1e9),
        async (maxRetries, number, backoff, elapsedMs) => {
          const reason = await over(run({ maxRetries, backoff }, number, elapsedMs));
          expect(reason).toBe(number > maxRetries + 1 ? 'stalled' : undefined);
        },
      ),
      { seed: 6 },
    );
  });
});

const fails = ({ attempt }: AttemptEvent<Job>): never => {
  throw new Error(`metrics ${attempt}`);
};

describe('onAttempt', () => {
  const events: AttemptEvent<Job>[] = [];
  const onAttempt = (event: AttemptEvent<Job>): void => void events.push(event);
  beforeEach(() => void events.splice(0));

  test('hears of the attempts that were lost, in order, and that they took no known time', async () => {
    const taken = await takeOver(run({ maxRetries: 9 }, 4, 12.4, { onAttempt }), {
      isDecided: false,
      lost: 2,
    });
    expect(taken.over).toBeUndefined();
    const all = { name: 'mail', queue: 'mail', id: '7', job, maxRetries: 9, elapsedMs: 12 };
    expect(events).toEqual([
      { ...all, attempt: 2, outcome: 'stalled' },
      { ...all, attempt: 3, outcome: 'stalled' },
    ]);
  });

  test('hears of a last attempt that was lost, and of the death of its job', async () => {
    await takeOver(run({ maxRetries: 1 }, 3, 0, { onAttempt, name: 'outgoing' }), {
      isDecided: false,
      lost: 1,
    });
    expect(events).toMatchObject([
      { name: 'outgoing', attempt: 2, outcome: 'stalled' },
      { name: 'outgoing', attempt: 2, outcome: 'dead', reason: 'stalled' },
    ]);
    expect(events[0]).not.toHaveProperty('reason');
  });

  test('hears of a job that is too late to run again', async () => {
    await takeOver(run({ maxElapsedMs: 1_000 }, 3, 1_000, { onAttempt }), DECIDED);
    expect(events).toMatchObject([{ attempt: 2, outcome: 'dead', reason: 'deadline' }]);
  });

  test('hears of at most 20 lost attempts at once', async () => {
    await takeOver(run({ maxRetries: Infinity }, 345_602, 0, { onAttempt }), {
      isDecided: false,
      lost: 345_601,
    });
    expect(events.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, i) => 345_582 + i));
  });

  test('changes nothing by throwing; its errors are kept with their attempts', async () => {
    const { over: reason, hookErrors } = await takeOver(run({ maxRetries: 9 }, 4, 0, { onAttempt: fails }), {
      isDecided: false,
      lost: 2,
    });
    expect(reason).toBeUndefined();
    expect([...hookErrors].map(([attempt, { message }]) => [attempt, message])).toEqual([
      [2, 'metrics 2'],
      [3, 'metrics 3'],
    ]);
  });

  test('holds up a job for 5 seconds if it hangs, however many attempts were lost', async () => {
    const taking = takeOver(
      run({ maxRetries: 99 }, 9, 0, { onAttempt: () => new Promise(() => undefined) }),
      {
        isDecided: false,
        lost: 8,
      },
    );
    await clock.advance(4_999);
    expect(await Promise.race([taking, Promise.resolve('waiting')])).toBe('waiting');
    await clock.advance(1);
    expect((await taking).over).toBeUndefined();
    expect(clock.liveTimers).toBe(0);
  });
});
