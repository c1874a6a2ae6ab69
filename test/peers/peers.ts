import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { retry as lifeomic } from '@lifeomic/attempt';
import { exponentialDelay, linearDelay } from 'axios-retry';
import { Backoffs, type MinimalJob } from 'bullmq';
import * as cockatiel from 'cockatiel';
import * as Duration from 'effect/Duration';
import * as Effect from 'effect/Effect';
import * as Schedule from 'effect/Schedule';
import { backOff } from 'exponential-backoff';
import got from 'got';
import ky from 'ky';
import pRetry from 'p-retry';
import { retry as tsRetry } from 'ts-retry-promise';
import type { Random } from '../../src/index.js';
import { drawn, timersOf, withChance } from './chance.js';
import { farRetries, first64, type Peer } from './judge.js';

// These two have no types of their own.
const require = createRequire(import.meta.url);
const nodeRetry = require('retry') as { timeouts(options: object): number[] };
const asyncRetry = require('async-retry') as (
  operation: () => Promise<unknown>,
  options: object,
) => Promise<unknown>;
const { StandardRetryStrategy } = require('@smithy/util-retry') as typeof import('@smithy/util-retry');

/** Doubling from 100 ms to a cap of 1 s, with jitter: the same question to all who can be asked it. */
const jittered = { baseMs: 100, capMs: 1_000, jittered: true };
const error = new Error('no');

/** So many draws, one after the other, as the delays are computed. */
const inTurn = (random: Random): (() => number) => {
  let retry = 0;
  return () => random(++retry);
};

const upTo = <T>(last: number, delay: (retry: number) => T): T[] =>
  Array.from({ length: last }, (_, index) => delay(index + 1));

const cockatielWith = (generator: cockatiel.GeneratorFn<any> | undefined, setting: string): Peer => ({
  library: 'cockatiel',
  setting: `${setting}, initialDelay 100, maxDelay 1000`,
  claims: { ...jittered, jittered: generator !== cockatiel.noJitterGenerator },
  retries: farRetries,
  delays: (random, last) =>
    drawn(inTurn(random), () => {
      const options = { initialDelay: 100, maxDelay: 1_000, ...(generator && { generator }) };
      let backoff = new cockatiel.ExponentialBackoff(options).next();
      const delays = [];
      for (let retry = 1; retry <= last; retry++) {
        delays.push(backoff.duration);
        backoff = backoff.next(undefined);
      }
      return delays;
    }),
});

const bullmq = (type: string, jitter: number, more: Peer['claims']): Peer => ({
  library: 'bullmq',
  setting: `built-in ${type}, delay 1000, jitter ${jitter}`,
  claims: { baseMs: 1_000, jittered: jitter > 0, ...more },
  retries: farRetries,
  delays: (random, last) =>
    upTo(last, (retry) =>
      drawn(
        () => random(retry),
        () => Backoffs.calculate({ type, delay: 1_000, jitter }, retry, error, {} as MinimalJob) as number,
      ),
    ),
});

const effect = (setting: string, claims: Peer['claims'], schedule: Schedule.Schedule<unknown>): Peer => ({
  library: 'effect',
  setting,
  claims,
  retries: farRetries,
  async delays(random, last) {
    const step = await Effect.runPromise(Schedule.toStep(schedule));
    let retry = 0;
    const delays = [];
    while (retry < last) {
      retry++;
      const next = step(0, undefined);
      const [, duration] = await withChance(
        () => random(retry),
        () => Effect.runPromise(next as unknown as Effect.Effect<[unknown, Duration.Duration]>),
      );
      delays.push(Duration.toMillis(duration));
    }
    return delays;
  },
});

const timers = (
  library: string,
  setting: string,
  claims: Peer['claims'],
  call: (operation: () => Promise<never>, retries: number) => Promise<unknown>,
): Peer => ({
  library,
  setting,
  claims,
  retries: farRetries,
  delays: (random, last) => timersOf(random, (fail) => call(fail, last)),
});

export const peers: readonly Peer[] = [
  timers('p-retry', 'randomize, minTimeout 100, maxTimeout 1000', jittered, (operation, retries) =>
    pRetry(operation, { retries, randomize: true, minTimeout: 100, maxTimeout: 1_000 }),
  ),
  timers('p-retry', 'minTimeout 100, no maxTimeout', { baseMs: 100 }, (operation, retries) =>
    pRetry(operation, { retries, minTimeout: 100 }),
  ),
  {
    library: 'retry',
    setting: 'timeouts({ randomize, minTimeout 100, maxTimeout 1000 })',
    claims: jittered,
    retries: farRetries,
    delays: (random, retries) =>
      drawn(inTurn(random), () =>
        nodeRetry.timeouts({ retries, randomize: true, minTimeout: 100, maxTimeout: 1_000 }),
      ),
  },
  {
    library: 'retry',
    setting: 'timeouts({ minTimeout 100 }), no maxTimeout',
    claims: { baseMs: 100 },
    retries: farRetries,
    delays: (_, retries) => nodeRetry.timeouts({ retries, minTimeout: 100 }),
  },
  timers(
    'async-retry',
    'minTimeout 100, maxTimeout 1000 (randomize is on by default)',
    jittered,
    (operation, retries) => asyncRetry(operation, { retries, minTimeout: 100, maxTimeout: 1_000 }),
  ),
  cockatielWith(undefined, 'ExponentialBackoff, its default generator (decorrelated)'),
  cockatielWith(cockatiel.fullJitterGenerator, 'ExponentialBackoff, fullJitterGenerator'),
  cockatielWith(cockatiel.halfJitterGenerator, 'ExponentialBackoff, halfJitterGenerator'),
  cockatielWith(cockatiel.noJitterGenerator, 'ExponentialBackoff, noJitterGenerator'),
  timers(
    'exponential-backoff',
    "jitter 'full', startingDelay 100, maxDelay 1000",
    jittered,
    (operation, retries) =>
      backOff(operation, { numOfAttempts: retries + 1, jitter: 'full', startingDelay: 100, maxDelay: 1_000 }),
  ),
  timers('exponential-backoff', 'startingDelay 100, no maxDelay', { baseMs: 100 }, (operation, retries) =>
    backOff(operation, { numOfAttempts: retries + 1, startingDelay: 100 }),
  ),
  timers('@lifeomic/attempt', 'jitter, factor 2, delay 100, maxDelay 1000', jittered, (operation, retries) =>
    lifeomic(operation, { maxAttempts: retries + 1, jitter: true, factor: 2, delay: 100, maxDelay: 1_000 }),
  ),
  timers(
    'ts-retry-promise',
    "backoff 'EXPONENTIAL', delay 100, maxBackOff 1000",
    { baseMs: 100, capMs: 1_000 },
    (operation, retries) =>
      tsRetry(operation, {
        retries,
        delay: 100,
        backoff: 'EXPONENTIAL',
        maxBackOff: 1_000,
        timeout: 'INFINITELY',
      }),
  ),
  {
    ...timers(
      'ky',
      'retry: { jitter: true, backoffLimit: 1000 }',
      { ...jittered, baseMs: 300 },
      (operation, retries) =>
        ky('http://localhost/', {
          fetch: () =>
            operation().catch(() => {
              throw new TypeError('fetch failed');
            }),
          retry: { limit: retries, jitter: true, backoffLimit: 1_000 },
          timeout: false,
        }),
    ),
    retries: first64,
  },
  {
    library: 'got',
    setting: 'retry: { backoffLimit: 4000 } (noise is 100 by default)',
    claims: { baseMs: 1_000, capMs: 4_000, jittered: true },
    retries: first64.slice(0, 12),
    delays: gotDelays,
  },
  {
    library: 'axios-retry',
    setting: 'exponentialDelay',
    claims: { jittered: true },
    retries: farRetries,
    delays: (random, last) =>
      upTo(last, (retry) =>
        drawn(
          () => random(retry),
          () => exponentialDelay(retry),
        ),
      ),
  },
  {
    library: 'axios-retry',
    setting: 'linearDelay(100)',
    claims: { baseMs: 100 },
    retries: farRetries,
    delays: (_, last) => upTo(last, (retry) => linearDelay(100)(retry, undefined)),
  },
  {
    library: '@smithy/util-retry',
    setting: 'StandardRetryStrategy, as in the AWS SDK',
    claims: { baseMs: 50, capMs: 20_000, jittered: true },
    // Its budget of tokens ends here.
    retries: first64.slice(0, 30),
    delays: smithyDelays,
  },
  bullmq('exponential', 0, {}),
  bullmq('exponential', 0.5, {}),
  bullmq('fixed', 0.5, { capMs: 1_000 }),
  effect(
    "min([jittered(exponential('100 millis')), spaced('1 second')])",
    jittered,
    Schedule.min([Schedule.jittered(Schedule.exponential('100 millis')), Schedule.spaced('1 second')]),
  ),
  effect(
    "jittered(min([exponential('100 millis'), spaced('1 second')]))",
    jittered,
    Schedule.jittered(Schedule.min([Schedule.exponential('100 millis'), Schedule.spaced('1 second')])),
  ),
  effect("exponential('100 millis')", { baseMs: 100 }, Schedule.exponential('100 millis')),
];

/** got speaks to a real server; how long it would wait it tells the function that may change it. */
async function gotDelays(random: Random, last: number): Promise<number[]> {
  const server = http.createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const delays: number[] = [];
  try {
    await withChance(
      () => random(delays.length + 1),
      () =>
        got(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
          throwHttpErrors: false,
          retry: {
            limit: last,
            backoffLimit: 4_000,
            // 1 ms instead, and on.
            calculateDelay: ({ computedValue }) =>
              computedValue > 0 ? Math.min(1, delays.push(computedValue)) : 0,
          },
        }),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return delays;
}

/** Its strategy waits by itself, inside of the next token. */
function smithyDelays(random: Random, last: number): Promise<number[]> {
  return timersOf(random, async (fail) => {
    const strategy = new StandardRetryStrategy(last + 1);
    let token = await strategy.acquireInitialRetryToken('');
    for (let retry = 1; retry <= last; retry++) {
      await fail().catch(() => {});
      token = await strategy.refreshRetryTokenForRetry(token, { errorType: 'TRANSIENT' });
    }
  });
}
