import { expect, test, vi } from 'vitest';
import {
  type AttemptEvent,
  type PolicySpec,
  retry,
  type RetryOptions,
  seeded,
  type Verdict,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { hurriedClock } from '../http/clock.js';
import { type Answer, closedPort, serve } from '../http/server.js';

/** A request, as every client can send it. */
export interface Sent {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export type ClientOptions = Omit<RetryOptions<any>, 'signal'> & { readonly idempotent?: boolean };

/** Makes a client that retries. The function sends one request, and resolves with the status of the response. */
export type MakeClient = (
  policy: PolicySpec,
  options: ClientOptions,
) => (url: string, sent?: Sent) => Promise<number>;

export const policy: PolicySpec = { maxRetries: 3, baseDelayMs: 2, jitter: 'none' };

/** Answers with each status in turn, then with 200. */
export const statuses =
  (...list: readonly number[]): Answer =>
  (request, response, count) => {
    request.resume().on('end', () => response.writeHead(list[count - 1] ?? 200).end('body'));
  };

const reset: Answer = (request) => request.socket.resetAndDestroy();

/**
 * What each integration of an HTTP client promises.
 *
 * - `hasOneShotBodies`: the client turns every body into a stream, which is sent once after it was read.
 * - `hidesRedirects`: where a connection is refused the client does not tell whether a redirect came before, so a POST is
 *   sent once.
 */
export function acceptance(
  make: MakeClient,
  {
    hasOneShotBodies = false,
    hidesRedirects = false,
  }: { hasOneShotBodies?: boolean; hidesRedirects?: boolean } = {},
): void {
  const posted: { body?: string } = hasOneShotBodies ? {} : { body: '{"a":1}' };
  const client = (options: ClientOptions = {}, more: PolicySpec = {}) =>
    make({ ...policy, ...more }, { clock: hurriedClock(), ...options });

  test.each(['GET', 'PUT', 'DELETE'])(
    '%s fails twice, then succeeds, with the same body each time',
    async (method) => {
      const server = await serve(statuses(503, 500));
      const { body = '' } = method === 'PUT' ? posted : {};
      expect(await client()(server.url, { method, ...(body && { body }) })).toBe(200);
      expect(server.requests.map((request) => `${request.method} ${request.body}`)).toEqual(
        Array(3).fill(`${method} ${body}`),
      );
    },
  );

  test('a lost connection is retried', async () => {
    const server = await serve((request, response, count) =>
      (count < 3 ? reset : statuses())(request, response, count),
    );
    expect(await client()(server.url)).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  test('when retries are exhausted the caller gets the last answer', async () => {
    const server = await serve(statuses(503, 503, 503, 502));
    expect(await client()(server.url)).toBe(502);
    expect(server.requests).toHaveLength(4);
  });

  test('404 is sent once', async () => {
    const server = await serve(statuses(404, 404));
    expect(await client()(server.url)).toBe(404);
    expect(server.requests).toHaveLength(1);
  });

  test('Retry-After is obeyed, and ends the call above maxRetryAfterMs', async () => {
    const server = await serve((_, response, count) => {
      if (count === 2) response.end('body');
      else response.writeHead(503, { 'retry-after': count === 1 ? '7' : '4000000' }).end('body');
    });
    const delays: number[] = [];
    const send = client({ onRetry: ({ delayMs }) => void delays.push(delayMs) });
    expect(await send(server.url)).toBe(200);
    expect(await send(server.url)).toBe(503);
    expect(delays).toEqual([7_000]);
    expect(server.requests).toHaveLength(3);
  });

  test.each([
    ['503', statuses(503), {}, 1],
    ['a lost connection', reset, {}, 1],
    ['429', statuses(429), {}, 2],
    ['408', statuses(408), {}, 2],
    ['503 and an Idempotency-Key', statuses(503), { headers: { 'Idempotency-Key': 'k' } }, 2],
  ] as const)('a POST that meets %s', async (_, answer, sent, calls) => {
    const server = await serve((request, response, count) =>
      (count === 1 ? answer : statuses())(request, response, count),
    );
    const status = client()(server.url, { method: 'POST', ...posted, ...sent });
    await status.catch(() => {});
    expect(server.requests).toHaveLength(calls);
  });

  test('a POST is sent again if nothing was sent, or if the caller allows it', async () => {
    const events: AttemptEvent[] = [];
    const send = client({ onAttempt: (event) => void events.push(event) });
    await expect(send(await closedPort(), { method: 'POST', body: 'x' })).rejects.toThrow();
    const outcomes = events.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(hidesRedirects ? ['stop'] : ['retry', 'retry', 'retry', 'stop']);
    const server = await serve(statuses(503));
    expect(await client({ idempotent: true })(server.url, { method: 'POST', ...posted })).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  test('an abort during the delay ends the request at once, and leaves no timer', async () => {
    const server = await serve(statuses(503, 503));
    const clock = virtualClock();
    const controller = new AbortController();
    const response = client({ clock })(server.url, { signal: controller.signal });
    await vi.waitFor(() => expect(clock.liveTimers).toBe(1));
    controller.abort(new Error('enough'));
    await expect(response).rejects.toThrow(/enough|cancel/);
    expect(clock.liveTimers).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  test('an abort during the delay after a connection that was refused, too', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const response = client({ clock })(await closedPort(), { signal: controller.signal });
    await vi.waitFor(() => expect(clock.liveTimers).toBe(1));
    controller.abort(new Error('enough'));
    await expect(response).rejects.toThrow(/enough|cancel/);
    expect(clock.liveTimers).toBe(0);
  });

  test('with a signal that is aborted already nothing is sent', async () => {
    const server = await serve(statuses());
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(client()(server.url, { signal })).rejects.toThrow(/enough|cancel/);
    expect(server.requests).toHaveLength(0);
  });

  test('an abort during an attempt ends it', async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort(new Error('enough')));
    await expect(client()(server.url, { signal: controller.signal })).rejects.toThrow(/enough|cancel/);
    expect(server.requests).toHaveLength(1);
  });

  test('attemptTimeoutMs ends an attempt without an answer, and the next one succeeds', async () => {
    const server = await serve((request, response, count) => {
      if (count > 1) statuses()(request, response, count);
    });
    expect(await client({}, { attemptTimeoutMs: 300 })(server.url)).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  test('maxElapsedMs ends the call with the last answer', async () => {
    const server = await serve(statuses(503, 503, 503));
    const send = client({ clock: null }, { backoff: [1, 60_000], maxElapsedMs: 30_000 });
    expect(await send(server.url)).toBe(503);
    expect(server.requests).toHaveLength(2);
  });

  test('attempts, delays and outcomes are those of retry() with the same seed', async () => {
    const spec: PolicySpec = { maxRetries: 4, baseDelayMs: 10, jitter: 'full' };
    const server = await serve(statuses(503, 429, 500, 503, 503));
    const expected = await notes((options) =>
      retry(
        () => {
          throw Object.assign(new Error('x'), { status: 503 });
        },
        spec,
        options,
      ),
    );
    expect(await notes((options) => make(spec, options)(server.url))).toEqual(expected);
    expect(expected).toHaveLength(5);
  });

  test('the deciders of the caller take part', async () => {
    const server = await serve(statuses(404));
    expect(await client({ classify: retryAll, classifyResult: onStatus(404, 'retry') })(server.url)).toBe(
      200,
    );
    expect(server.requests).toHaveLength(2);
    const busy = await serve(statuses(503, 503, 503));
    await expect(client({ onRetry: veto })(busy.url)).rejects.toThrow('veto');
    await expect(client({ classify: veto, classifyResult: veto })(busy.url)).rejects.toThrow('veto');
    expect(busy.requests).toHaveLength(2);
    expect(await client({ policyFor: () => ({ maxRetries: 0 }) })(busy.url)).toBe(503);
    expect(busy.requests).toHaveLength(3);
    const missing = await serve(statuses(404, 404));
    const policyFor = vi.fn(() => ({ ...policy, retryStatuses: [404] }));
    expect(await client({ policyFor })(missing.url)).toBe(200);
    expect(policyFor).toHaveBeenCalledTimes(2);
  });
}

/** The verdict on responses with this status; clients call it `status` or `statusCode`. */
const onStatus =
  (status: number, verdict: Verdict) =>
  (response: { status?: number; statusCode?: number }): Verdict | undefined =>
    (response.statusCode ?? response.status) === status ? verdict : undefined;

const retryAll = (): Verdict => 'retry';

const veto = (): never => {
  throw new Error('veto');
};

/** The attempts of a call, without what depends on the client. */
async function notes(run: (options: ClientOptions) => Promise<unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  const onAttempt = ({ name, attempt, maxRetries, outcome, delayMs, verdict, reason }: AttemptEvent) =>
    void events.push({ name, attempt, maxRetries, outcome, delayMs, verdict, reason });
  await run({ random: seeded('same'), clock: hurriedClock(), name: 'call', onAttempt }).catch(() => {});
  return events;
}
