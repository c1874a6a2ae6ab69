import { expect, inject, onTestFinished, test, vi } from 'vitest';
import type { PolicySpec } from 'ostinato';
import { type Answer, serve } from '../http/server.js';

/** What a recipe can do, with whatever its client calls it. */
export interface HttpClient {
  /** Sends a request that may be repeated. Rejects when retrying ends without success. */
  query(signal?: AbortSignal): Promise<unknown>;
  /** Sends a POST that must not be sent twice. */
  post?(): Promise<unknown>;
}

export type MakeHttpClient = (policy: PolicySpec, url: string) => HttpClient | Promise<HttpClient>;

export interface Exceptions {
  /** The client has no POST of this kind. */
  readonly hasNoPost?: true;
  /** The client cannot be aborted. */
  readonly cannotAbort?: true;
  /** The client keeps its own timer after an abort, until it is due. */
  readonly keepsTimer?: true;
}

/** A success of every protocol at once, and an error of each. */
const fine = JSON.stringify({ result: { data: 'fine' }, data: { hello: 'fine' }, QueueUrl: 'fine' });
const notFine = JSON.stringify({
  error: { message: 'no', code: -32_603, data: { code: 'INTERNAL_SERVER_ERROR' } },
  __type: 'NotFine',
});

/** Answers with each status in turn, then with success. */
export const answering =
  (statuses: readonly number[], headers: Record<string, string> = {}): Answer =>
  (request, response, count) => {
    const status = statuses[count - 1] ?? 200;
    response.setHeader('content-type', 'application/json');
    if (status !== 200) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    request.resume().on('end', () => response.writeHead(status).end(status === 200 ? fine : notFine));
  };

const policy: PolicySpec = { maxRetries: 3, baseDelayMs: 1, jitter: 'none' };
const MINUTE = 60_000;

/** What every recipe for an HTTP client promises. */
export function promisesOfHttp(
  make: MakeHttpClient,
  { hasNoPost, cannotAbort, keepsTimer }: Exceptions = {},
): void {
  test('fails twice, then succeeds', async () => {
    const server = await serve(answering([503, 503]));
    await (await make(policy, server.url)).query();
    expect(server.requests).toHaveLength(3);
  });

  test('404 is sent once', async () => {
    const server = await serve(answering([404, 404]));
    await expect((await make(policy, server.url)).query()).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  test('ends when retries are exhausted', async () => {
    const server = await serve(answering([503, 503, 503, 503, 503, 503]));
    await expect((await make(policy, server.url)).query()).rejects.toThrow();
    expect(server.requests).toHaveLength(4);
  });

  test('Retry-After is obeyed', async () => {
    const times: number[] = [];
    const answer = answering([503], { 'retry-after': '1' });
    const server = await serve((request, response, count) => {
      times.push(performance.now());
      answer(request, response, count);
    });
    await (await make(policy, server.url)).query();
    expect(times).toHaveLength(2);
    // Of two clocks, each rounded to a millisecond.
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(998);
  });

  test('Retry-After above maxRetryAfterMs ends the call', async () => {
    const server = await serve(answering([503, 503], { 'retry-after': '4000' }));
    await expect((await make(policy, server.url)).query()).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  if (!hasNoPost) {
    test('a POST is sent once', async () => {
      const server = await serve(answering([503, 503]));
      await expect((await make(policy, server.url)).post!()).rejects.toThrow();
      expect(server.requests.map(({ method }) => method)).toEqual(['POST']);
    });
  }

  if (cannotAbort) return;
  test('an abort during the delay ends the call at once', async () => {
    const server = await serve(answering([503, 503]));
    const pending = minuteTimers();
    const controller = new AbortController();
    const patient: PolicySpec = { maxRetries: 3, backoff: 'constant', baseDelayMs: MINUTE, jitter: 'none' };
    const result = (await make(patient, server.url)).query(controller.signal);
    result.catch(() => {});
    await vi.waitFor(() => expect(pending.size).toBe(1), { timeout: 5_000 });
    controller.abort();
    await expect(result).rejects.toThrow();
    expect(pending.size).toBe(keepsTimer ? 1 : 0);
    expect(server.requests).toHaveLength(1);
    for (const timer of pending) clearTimeout(timer as NodeJS.Timeout);
  });
}

/** The timers of about a minute that are pending, from now on. RxJS waits by `setInterval`. */
function minuteTimers(): Set<unknown> {
  const pending = new Set<unknown>();
  for (const [set, clear] of [
    ['setTimeout', 'clearTimeout'],
    ['setInterval', 'clearInterval'],
  ] as const) {
    const { [set]: setTimer, [clear]: clearTimer } = globalThis;
    const setSpy = vi.spyOn(globalThis, set).mockImplementation(((fn: () => void, ms = 0, ...args: []) => {
      const timer = setTimer(fn, ms, ...args);
      if (Math.abs(ms - MINUTE) < 1_000) pending.add(timer);
      return timer;
    }) as never);
    const clearSpy = vi.spyOn(globalThis, clear).mockImplementation((timer) => {
      pending.delete(timer);
      clearTimer(timer);
    });
    onTestFinished(() => {
      setSpy.mockRestore();
      clearSpy.mockRestore();
    });
  }
  return pending;
}

/** Why the packages of this folder are missing, if they are. */
export const missing = inject('missingPackages');
