import { describe, expect, test, vi } from 'vitest';
import { type AwsFailure, retryStrategy, type RetryStrategyOptions } from '../../src/integrations/aws.js';
import {
  type AttemptEvent,
  permanent,
  type PolicySpec,
  retry,
  retryAfter,
  retryIn,
  seeded,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

// The protocol alone, on a virtual clock. test/integrations has a real client.

const policy: PolicySpec = { maxRetries: 3, baseDelayMs: 100, jitter: 'none' };

const failure = (error: unknown, errorType = 'CLIENT_ERROR', retryAfterHint?: Date): AwsFailure => ({
  error,
  errorType,
  ...(retryAfterHint && { retryAfterHint }),
});

/** An error of a service, as the SDK throws it. */
const refused = (httpStatusCode: number, more: object = {}, headers: object = {}): Error =>
  Object.assign(new Error('refused'), {
    name: 'ServiceException',
    $metadata: { httpStatusCode },
    $response: { statusCode: httpStatusCode, headers },
    ...more,
  });

/** Runs the loop of the SDK's retry middleware: failures in turn, then success. Gives the time of each attempt. */
async function drive(
  failures: readonly AwsFailure[],
  options: RetryStrategyOptions = {},
  spec: PolicySpec = policy,
): Promise<{ startsMs: number[]; waitedMs: number; error?: unknown }> {
  const clock = virtualClock();
  const strategy = retryStrategy(spec, { clock, ...options });
  const startsMs: number[] = [];
  let waitedMs = 0;
  const call = async () => {
    let token = await strategy.acquireInitialRetryToken('scope');
    for (const next of failures) {
      startsMs.push(clock.now());
      expect([token.getRetryCount(), token.getRetryDelay(), token.getRetryCost()]).toEqual([
        startsMs.length - 1,
        0,
        0,
      ]);
      token = await strategy.refreshRetryTokenForRetry(token, next);
      waitedMs += token.$retryLog.acquisitionDelay!;
    }
    startsMs.push(clock.now());
    strategy.recordSuccess(token);
  };
  const result = await clock.runAll(
    call().then(
      () => ({}),
      (error: unknown) => ({ error }),
    ),
  );
  expect(clock.liveTimers).toBe(0);
  return { startsMs, waitedMs, ...result };
}

const fails = (count: number, next = failure(refused(503), 'TRANSIENT')): AwsFailure[] =>
  Array(count).fill(next);

describe('a retry strategy', () => {
  test('waits for the delays of the policy, and says how long', async () => {
    expect(await drive(fails(2))).toEqual({ startsMs: [0, 100, 300], waitedMs: 300 });
  });

  test('ends with the error when retries are exhausted', async () => {
    const [last] = fails(1);
    expect(await drive(fails(5))).toEqual({
      startsMs: [0, 100, 300, 700],
      waitedMs: 700,
      error: last!.error,
    });
  });

  test('waits for 25 days', async () => {
    const ms = 25 * 86_400_000;
    const { startsMs } = await drive(fails(1), {}, { backoff: [ms], maxDelayMs: Infinity });
    expect(startsMs).toEqual([0, ms]);
  });

  test('obeys maxElapsedMs over the whole call', async () => {
    expect((await drive(fails(5), {}, { ...policy, maxElapsedMs: 500 })).startsMs).toEqual([0, 100, 300]);
  });

  test('has the delays of retry() with the same seed, also for several calls at once', async () => {
    const spec: PolicySpec = { maxRetries: 4, baseDelayMs: 100, jitter: 'full' };
    const clock = virtualClock();
    const expected: number[] = [];
    const busy = () => {
      expected.push(clock.now());
      throw refused(503);
    };
    await clock.runAll(retry(busy, spec, { clock, random: seeded('a') }).catch(() => {}));
    const calls = [1, 2].map(() => drive(fails(5), { random: seeded('a') }, spec));
    for (const { startsMs } of await Promise.all(calls)) expect(startsMs).toEqual(expected);
  });

  test('spreads the calls where no random is given', async () => {
    const spec: PolicySpec = { maxRetries: 1, baseDelayMs: 100_000, jitter: 'full' };
    const starts = await Promise.all(
      [1, 2, 3].map(async () => (await drive(fails(1), {}, spec)).startsMs[1]),
    );
    expect(new Set(starts).size).toBeGreaterThan(1);
  });

  test('counts on from a token that another strategy has made', async () => {
    const clock = virtualClock();
    const strategy = retryStrategy({ ...policy, maxRetries: 2 }, { clock });
    const token = { getRetryCount: () => 1, getRetryDelay: () => 0 };
    const next = await clock.runAll(strategy.refreshRetryTokenForRetry(token, fails(1)[0]!));
    expect([next.getRetryCount(), clock.now()]).toEqual([2, 200]);
  });
});

describe('the verdict', () => {
  const hint = new Date(946_684_800_000 + 9_000);
  const lost = Object.assign(new Error('x'), { code: 'ECONNRESET' });
  test.each<[string, AwsFailure, number | undefined]>([
    ['404', failure(refused(404)), undefined],
    ['503', failure(refused(503), 'TRANSIENT'), 100],
    ['500, of which the SDK thinks nothing', failure(refused(500), 'SERVER_ERROR'), 100],
    ['Retry-After', failure(refused(503, {}, { 'retry-after': '7' }), 'TRANSIENT'), 7_000],
    ['throttling with status 400', failure(refused(400, { name: 'ThrottlingException' }), 'THROTTLING'), 100],
    ['a throttling name that is new', failure(refused(400, { name: 'NewThrottle' }), 'THROTTLING'), 100],
    ['a hint of the SDK', failure(refused(400, { name: 'NewThrottle' }), 'THROTTLING', hint), 9_000],
    ['a hint that has passed', failure(refused(400), 'THROTTLING', new Date(0)), 100],
    ['a hint that is no date', failure(refused(400), 'THROTTLING', new Date(NaN)), 100],
    ['$retryable', failure(refused(400, { $retryable: {} })), 100],
    [
      'a clock that was corrected',
      failure(refused(403, { $metadata: { httpStatusCode: 403, clockSkewCorrected: true } }), 'TRANSIENT'),
      100,
    ],
    ['a lost connection', failure(lost, 'TRANSIENT'), 100],
    ['a lost connection, of which the SDK thinks nothing', failure(lost), 100],
    ['something lost in other words', failure(new Error('odd'), 'TRANSIENT'), 100],
    ['no credentials', failure(new Error('Could not load credentials'), 'CLIENT_ERROR'), undefined],
    ['an abort', failure(Object.assign(new Error('x'), { name: 'AbortError' }), 'TRANSIENT'), undefined],
    ['permanent', failure(permanent(refused(503)), 'TRANSIENT'), undefined],
    ['retryAfter', failure(retryAfter(new Error('x'), 5_000)), 5_000],
    ['retryIn', failure(retryIn(new Error('x'), 4)), 4],
    ['undefined', failure(undefined), undefined],
    ['a thrown string', failure('x', 'TRANSIENT'), 100],
    [
      'an error that throws when touched',
      failure(
        new Proxy(new Error('x'), {
          get: () => {
            throw new Error('touched');
          },
        }),
      ),
      undefined,
    ],
  ])('%s', async (_, next, delayMs) => {
    const { startsMs } = await drive([next]);
    expect(startsMs).toEqual(delayMs === undefined ? [0] : [0, delayMs]);
  });

  test('429 and 5xx belong to the policy, whatever the SDK thinks', async () => {
    const strict: PolicySpec = { ...policy, retryStatuses: [409] };
    expect((await drive([failure(refused(503), 'TRANSIENT')], {}, strict)).startsMs).toEqual([0]);
    expect((await drive([failure(refused(429), 'THROTTLING')], {}, strict)).startsMs).toEqual([0]);
    expect((await drive([failure(refused(409), 'CLIENT_ERROR')], {}, strict)).startsMs).toEqual([0, 100]);
  });

  test('classify and policyFor come first', async () => {
    const options: RetryStrategyOptions = {
      classify: () => 'retry',
      policyFor: () => ({ ...policy, baseDelayMs: 50 }),
    };
    expect((await drive([failure(refused(404))], options)).startsMs).toEqual([0, 50]);
  });
});

describe('hooks', () => {
  test('onAttempt gets the events that retry() sends, on the time of the clock', async () => {
    const events: AttemptEvent[] = [];
    await drive(fails(1), { name: 's3', onAttempt: (event) => void events.push(event) });
    expect(events).toEqual([
      {
        name: 's3',
        attempt: 1,
        maxRetries: 3,
        error: expect.any(Error),
        elapsedMs: 0,
        delayMs: 100,
        outcome: 'retry',
        durationMs: 0,
        verdict: 'retry',
      },
      {
        name: 's3',
        attempt: 2,
        maxRetries: 3,
        value: undefined,
        elapsedMs: 100,
        outcome: 'done',
        durationMs: 0,
      },
    ]);
  });

  test('an observer that throws changes nothing; onRetry vetoes, and its time counts', async () => {
    expect((await drive(fails(1), { onAttempt: boom })).startsMs).toEqual([0, 100]);
    expect(await drive(fails(1), { onRetry: boom })).toMatchObject({
      startsMs: [0],
      error: { message: 'boom' },
    });
    expect(await drive(fails(1), { classify: boom })).toMatchObject({
      startsMs: [0],
      error: { message: 'boom' },
    });
    const clock = virtualClock();
    const slow = () => clock.advance(450);
    const onRetry = vi.fn(slow);
    const late = await drive(fails(1), { clock, onRetry }, { ...policy, maxElapsedMs: 500 });
    expect(late.startsMs).toEqual([0]);
    expect(onRetry).toHaveBeenCalledTimes(1);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a policy', () => retryStrategy({ maxRetries: '3' as never }), /maxRetries/],
  ['a name', () => retryStrategy({}, { maxAttempts: 3 } as never), /maxAttempts/],
  ['a number', () => retryStrategy({}, 3 as never), /plain object/],
])('%s that is wrong is a TypeError at once', (_, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

const boom = (): never => {
  throw new Error('boom');
};
