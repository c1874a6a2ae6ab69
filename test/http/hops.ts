import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { retryFetch } from '../../src/http/index.js';
import { hurriedClock } from './clock.js';

/** What a host does with a request; `refuse` only as the goal of a redirect. */
export type Hop = number | 'reset before the body' | 'reset after the body' | 'refuse';

export const REDIRECTS = [301, 302, 303, 307, 308] as const;

const isRedirect = (hop: Hop): boolean => (REDIRECTS as readonly Hop[]).includes(hop);

/** Hosts that redirect to each other. The last hop answers, resets, or refuses the connection. */
export interface Chain {
  /** Where it begins. */
  readonly url: string;
  /** An address without a server. */
  readonly dead: string;
  /** For each hop, the methods of the requests that arrived, with the length of their bodies. */
  readonly arrivals: string[][];
  close(): void;
}

export async function chainOf(hops: readonly Hop[]): Promise<Chain> {
  const arrivals: string[][] = hops.map(() => []);
  const locationOf = (index: number): string => (hops[index] === 'refuse' ? dead : `${urlOf(index)}${index}`);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const index = Number(request.url?.slice(1));
    const hop = hops[index] ?? 200;
    const arrive = (body: string): void => void arrivals[index]?.push(`${request.method} ${body}`);
    if (hop === 'reset before the body') {
      arrive('reset');
      request.socket.resetAndDestroy();
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('error', () => {});
    request.on('end', () => {
      arrive(body);
      if (typeof hop !== 'number') request.socket.resetAndDestroy();
      else if (isRedirect(hop)) response.writeHead(hop, { location: locationOf(index + 1) }).end();
      else response.writeHead(hop).end('ok');
    });
  };
  // Two origins, so that a chain crosses from one to the other.
  const servers = [createServer(answer), createServer(answer)];
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  // Closed after the others are open, so that none of them gets its port.
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const dead = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/`;
  closed.close();
  await once(closed, 'close');
  const urlOf = (index: number): string =>
    `http://127.0.0.1:${(servers[index % 2]!.address() as AddressInfo).port}/`;
  return {
    url: locationOf(0),
    dead,
    arrivals,
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

const chains = fc
  .record({
    redirects: fc.array(fc.constantFrom(...REDIRECTS), { maxLength: 4 }),
    end: fc.constantFrom<Hop>(
      200,
      404,
      408,
      429,
      500,
      503,
      'reset before the body',
      'reset after the body',
      'refuse',
    ),
    refusals: fc.nat({ max: 3 }),
    method: fc.constantFrom('POST', 'PATCH', 'PUT', 'GET'),
    asRequest: fc.boolean(),
  })
  .map(({ redirects, end, ...rest }) => ({ ...rest, hops: [...redirects, end] as Hop[] }));

/**
 * A request that is refused a few times and then meets a chain of hops. A POST must be processed at most once, and a
 * connection that was refused before it must not keep it from being sent again.
 */
export async function checkChains(
  numRuns: number,
  seed: number,
  fetch: typeof globalThis.fetch,
  RequestClass: typeof Request = Request,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(chains, async ({ hops, refusals, method, asRequest }) => {
      const chain = await chainOf(hops);
      try {
        let attempts = 0;
        const refusedAtFirst = (input: any, init: any, context: { attempt: number }): Promise<Response> => {
          attempts = context.attempt;
          if (attempts > refusals) return fetch(input, init);
          return fetch(chain.dead, { ...init, method, ...(method !== 'GET' && { body: 'order' }) });
        };
        const call = retryFetch(
          { maxRetries: 2, baseDelayMs: 0, jitter: 'none' },
          { fetch: refusedAtFirst, clock: hurriedClock() },
        );
        const init = method === 'GET' ? { method } : { method, body: 'order' };
        const result: unknown = await (
          asRequest ? call(new RequestClass(chain.url, init)) : call(chain.url, init)
        ).catch((error: unknown) => error);

        const [end] = hops.slice(-1);
        const first = chain.arrivals[0]!;
        const isRefused = hops.length === 1 && end === 'refuse';
        const isAnswered = typeof end === 'number';
        // What the first host may see: one request, or one for each attempt that is left.
        const left = Math.max(0, 3 - refusals);
        const isFailure = !isAnswered || end >= 500 || end === 408 || end === 429;
        const isUnprocessed = hops.length === 1 && (end === 408 || end === 429);
        const isIdempotent = method === 'PUT' || method === 'GET';
        const expected = isFailure && (isIdempotent || isUnprocessed) ? left : Math.min(1, left);
        const seen = isRefused ? 0 : expected;
        if (first.length !== seen)
          throw new Error(`the first host saw ${first.length} of ${seen}: ${first.join()}`);
        const attemptsExpected = isRefused ? 3 : Math.min(refusals + expected, 3);
        if (attempts !== attemptsExpected) throw new Error(`${attempts} of ${attemptsExpected} attempts`);
        const status = result instanceof Error ? undefined : (result as Response).status;
        if (left && isAnswered && status !== end) throw new Error(`answered ${status}, not ${end}`);
        if (status !== undefined && (result as Response).redirected !== hops.length > 1)
          throw new Error('redirected');
        checkMethods(hops, chain.arrivals, method);
      } finally {
        chain.close();
      }
    }),
    { numRuns, seed },
  );
}

/** Each hop gets the method and body that the Fetch standard says, whatever follows the redirect. */
function checkMethods(hops: readonly Hop[], arrivals: string[][], method: string): void {
  let [expected, body] = [method, method === 'GET' ? '' : 'order'];
  hops.forEach((hop, index) => {
    for (const arrival of arrivals[index]!) {
      const right = `${expected} ${hop === 'reset before the body' ? 'reset' : body}`;
      if (arrival !== right) throw new Error(`hop ${index} got ${arrival}, not ${right}`);
    }
    if (hop === 303 || ((hop === 301 || hop === 302) && expected === 'POST')) [expected, body] = ['GET', ''];
  });
}
