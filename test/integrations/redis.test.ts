import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { classifyFailure, requestSent } from 'ostinato/http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis } from '../servers/redis.js';
import { needed } from './needed.js';
import { failureOf, until } from './payments.js';
import { recipe } from './recipes.js';

// Always one of its own: the tests change its role and its limits, and end it.
const own = await needed('Redis', undefined, startRedis);
const missing = 'missing' in own ? own.missing : undefined;
const url = 'url' in own ? own.url : '';

const judged = (error: unknown): unknown => [classifyFailure(error), requestSent(error)];

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'Redis', () => {
  const open: Redis[] = [];
  const connect = (
    options: Pick<RedisOptions, 'retryStrategy' | 'maxRetriesPerRequest'> = { retryStrategy: () => null },
  ): Redis => {
    const redis = new Redis(url, options);
    redis.on('error', () => {});
    open.push(redis);
    return redis;
  };
  let admin: Redis;
  beforeAll(() => {
    admin = connect({ retryStrategy: () => 20 });
  });
  afterAll(async () => {
    for (const each of open) each.disconnect();
    if ('server' in own) await own.server?.stop();
  });

  /** Waits until a client waits in a blocking command; gives its id. */
  const blocked = (): Promise<string> =>
    until('a client is blocked', async () => {
      const list = String(await admin.client('LIST'));
      return /^id=(\d+).* flags=b/m.exec(list)?.[1];
    });

  describe('the recipe', () => {
    let exports: { redis: Redis; remember: (key: string, value: string) => Promise<unknown> };
    beforeAll(async () => {
      process.env['REDIS_URL'] = url;
      exports = await recipe('docs/databases.md', 'ioredis');
      open.push(exports.redis);
    });

    test('a connection that is lost under a command is retried on the next one', async () => {
      await exports.remember('a', '1');
      const id = await exports.redis.client('ID');
      // Holds the answers of all clients until the connection is gone.
      await admin.client('PAUSE', 2_000, 'WRITE');
      const remembered = exports.remember('a', '2');
      await until('the command is held', async () =>
        /cmd=set/.test(String(await admin.client('LIST'))) ? true : undefined,
      );
      await admin.client('KILL', 'ID', id);
      await admin.client('UNPAUSE');
      expect(await remembered).toBe('OK');
      expect(await admin.get('a')).toBe('2');
    });

    test('ioredis alone fails in that moment, and says that it may have been sent', async () => {
      const redis = connect({ maxRetriesPerRequest: 0, retryStrategy: () => 20 });
      const id = await redis.client('ID');
      const popped = failureOf(redis.blpop('nothing', 0));
      await blocked();
      await admin.client('KILL', 'ID', id);
      expect(judged(await popped)).toEqual(['retry', 'maybe']);
    });

    test('a server that restarts is found again', async () => {
      if (!('server' in own)) return;
      await exports.remember('a', '3');
      await own.server?.crash();
      const remembered = exports.remember('a', '4');
      await own.server?.start();
      expect(await remembered).toBe('OK');
    });

    test('a wrong command is not retried', async () => {
      await admin.set('text', 'x');
      const error = await failureOf(exports.redis.lpush('text', 1));
      expect(judged(error)).toEqual(['stop', 'yes']);
    });

    test('it reconnects after the delays of the policy', () => {
      const { retryStrategy } = exports.redis.options;
      // 50 ms, twice as many each time, at most 2 s; spread over a quarter.
      expect(retryStrategy?.(1)).toBeGreaterThanOrEqual(50);
      expect(retryStrategy?.(1)).toBeLessThanOrEqual(63);
      expect(retryStrategy?.(4)).toBeGreaterThanOrEqual(400);
      expect(retryStrategy?.(4)).toBeLessThanOrEqual(500);
      expect(retryStrategy?.(1_000)).toBeLessThanOrEqual(2_000);
    });
  });

  test('one client too many is retried, and nothing was executed', async () => {
    await admin.config('SET', 'maxclients', 1);
    // The server replies and hangs up, often before ioredis reads. So the test reads the reply from the socket.
    const socket = connectTo(Number(new URL(url).port), '127.0.0.1');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    await admin.config('SET', 'maxclients', 10_000);
    const reply = bytes.toString().trim().slice(1);
    expect(reply).toMatch(/max number of clients/);
    expect(judged(new ReplyError(reply))).toEqual(['retry', 'no']);
  });

  test('CLIENT UNBLOCK stops', async () => {
    const popped = failureOf(connect().blpop('nothing', 0));
    await admin.client('UNBLOCK', await blocked(), 'ERROR');
    expect(judged(await popped)).toEqual(['stop', 'yes']);
  });

  test('a transaction with a wrong command stops', async () => {
    const error = await failureOf(connect().multi().set('a', 1).call('nothing').exec());
    expect(error.message).toMatch(/^EXECABORT/);
    expect(judged(error)).toEqual(['stop', 'yes']);
  });

  describe('a server that becomes a replica', () => {
    afterAll(() => admin.replicaof('NO', 'ONE'));

    test('is retried by a command that it unblocks, and by transactions', async () => {
      const popped = failureOf(connect().blpop('nothing', 0));
      await blocked();
      const begun = connect();
      await begun.call('MULTI');
      await begun.call('SET', 'a', '1');

      await admin.replicaof('127.0.0.1', 1);

      expect((await popped).message).toMatch(/^UNBLOCKED/);
      expect(judged(await popped)).toEqual(['retry', 'yes']);
      // The reason stands in the reply itself.
      const named = await failureOf(begun.call('EXEC'));
      expect(named.message).toMatch(/^EXECABORT .*because of: READONLY/);
      expect(judged(named)).toEqual(['retry', 'yes']);
      // The reason stands in ioredis' list of what came before.
      const listed = await failureOf(connect().multi().set('a', 1).exec());
      expect(listed.message).toMatch(/^EXECABORT .*because of previous errors/);
      expect(judged(listed)).toEqual(['retry', 'yes']);
    });
  });
});
