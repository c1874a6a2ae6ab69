import { lastValueFrom, type MonoTypeOperatorFunction, type Observable } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PolicySpec } from 'ostinato';
import { serve } from '../http/server.js';
import { answering, type HttpClient, missing, promisesOfHttp } from './http-promises.js';
import { recipe } from './recipes.js';

/** The exports of the block under this heading. */
const from = <Exports>(heading: string): Promise<Exports> => recipe<Exports>('docs/integrations.md', heading);

type Create<Client> = (policy: PolicySpec, ...rest: any[]) => Client;
const clientOf = async <Client>(heading: string, ...args: Parameters<Create<Client>>): Promise<Client> =>
  (await from<{ createClient: Create<Client> }>(heading)).createClient(...args);

const withSignal = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {});

describe.skipIf(missing)('undici', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const request = await clientOf<any>('undici', policy);
    const send = async (method: string, signal?: AbortSignal): Promise<void> => {
      const { statusCode, body } = await request(url, method, signal);
      await body.dump();
      if (statusCode >= 400) throw new Error(`Status ${statusCode}`);
    };
    return { query: (signal) => send('GET', signal), post: () => send('POST') };
  });
});

describe.skipIf(missing)('undici 7', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const { Agent, request } = await import('undici-7');
    const { retryInterceptor } = await import('ostinato/undici');
    const dispatcher = new Agent().compose(retryInterceptor(policy));
    const send = async (method: 'GET' | 'POST', signal?: AbortSignal): Promise<void> => {
      const { statusCode, body } = await request(url, { method, dispatcher, ...withSignal(signal) });
      await body.dump();
      if (statusCode >= 400) throw new Error(`Status ${statusCode}`);
    };
    return { query: (signal) => send('GET', signal), post: () => send('POST') };
  });
});

describe.skipIf(missing)('axios', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('axios', policy);
    return {
      query: (signal) => client.get(url, { signal }),
      post: () => client.post(url, { a: 1 }),
    };
  });

  test('one request may opt out', async () => {
    const server = await serve(answering([503]));
    const { createClient, ping } = await from<any>('axios');
    await expect(ping(createClient({ baseDelayMs: 1 }), server.url)).rejects.toThrow('503');
    expect(server.requests).toHaveLength(1);
  });
});

describe.skipIf(missing)('ky', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('ky', policy);
    return {
      query: (signal) => client.get(url, { signal }).json(),
      post: () => client.post(url, { json: { a: 1 } }).json(),
    };
  });
});

describe.skipIf(missing)('got', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('got', policy);
    return {
      query: (signal) => client.get(url, withSignal(signal)),
      post: () => client.post(url, { json: { a: 1 } }),
    };
  });
});

describe.skipIf(missing)('tRPC', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('tRPC', policy, url);
    return {
      query: (signal) => client.price.query(undefined, withSignal(signal)),
      post: () => client.buy.mutate(),
    };
  });
});

describe.skipIf(missing)('Apollo Client', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const { gql } = await import('@apollo/client');
    const client = await clientOf<any>('Apollo Client', policy, url);
    return {
      query: (signal) =>
        client.query({
          query: gql`
            query Hello {
              hello
            }
          `,
          fetchPolicy: 'network-only',
          context: { fetchOptions: withSignal(signal) },
        }),
      post: () =>
        client.mutate({
          mutation: gql`
            mutation Hello {
              hello
            }
          `,
        }),
    };
  });
});

describe.skipIf(missing)('TanStack Query', () => {
  promisesOfHttp(
    async (policy, url): Promise<HttpClient> => {
      const { MutationObserver } = await import('@tanstack/query-core');
      const { createClient, getText } = await from<any>('TanStack Query');
      const client = createClient(policy);
      client.mount();
      onTestFinished(() => {
        client.clear();
        client.unmount();
      });
      return {
        query: (signal) => {
          signal?.addEventListener('abort', () => void client.cancelQueries());
          return client.fetchQuery({
            queryKey: ['a'],
            queryFn: (context: any) => getText(url, { signal: context.signal }),
          });
        },
        post: () =>
          new MutationObserver(client, {
            mutationFn: () => getText(url, { method: 'POST' }),
          }).mutate(),
      };
    },
    { keepsTimer: true },
  );
});

describe.skipIf(missing)('RxJS', () => {
  promisesOfHttp(
    async (policy, url): Promise<HttpClient> => {
      const { fromEvent, takeUntil, throwIfEmpty } = await import('rxjs');
      const { retryWith, getText } = await from<{
        retryWith: (policy: PolicySpec) => MonoTypeOperatorFunction<string>;
        getText: (url: string) => Observable<string>;
      }>('RxJS');
      return {
        query: (signal) => {
          const source = getText(url).pipe(retryWith(policy));
          return lastValueFrom(
            signal ? source.pipe(takeUntil(fromEvent(signal, 'abort')), throwIfEmpty()) : source,
          );
        },
      };
    },
    { hasNoPost: true },
  );
});

const chat = { model: 'x', messages: [{ role: 'user', content: 'x' }], max_tokens: 1 };

describe.skipIf(missing)('OpenAI', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('OpenAI', policy, url);
    const careful = await clientOf<any>('OpenAI', policy, url, false);
    return {
      query: (signal) => client.chat.completions.create(chat, withSignal(signal)),
      post: () => careful.chat.completions.create(chat),
    };
  });
});

describe.skipIf(missing)('Anthropic', () => {
  promisesOfHttp(async (policy, url): Promise<HttpClient> => {
    const client = await clientOf<any>('Anthropic', policy, url);
    const careful = await clientOf<any>('Anthropic', policy, url, false);
    return {
      query: (signal) => client.messages.create(chat, withSignal(signal)),
      post: () => careful.messages.create(chat),
    };
  });
});

describe.skipIf(missing)('AWS SDK', () => {
  promisesOfHttp(
    async (policy, url): Promise<HttpClient> => ({
      query: await clientOf<HttpClient['query']>('AWS SDK', policy, url),
    }),
    { hasNoPost: true, keepsTimer: true },
  );

  test('$metadata tells the attempts and the delays', async () => {
    const server = await serve(answering([503, 503]));
    const policy: PolicySpec = { backoff: [3, 4] };
    const send = await clientOf<() => Promise<any>>('AWS SDK', policy, server.url);
    expect((await send()).$metadata).toMatchObject({ attempts: 3, totalRetryDelay: 7 });
    const missingQueue = await serve(answering([400]));
    const error = await (
      await clientOf<() => Promise<any>>('AWS SDK', policy, missingQueue.url)
    )().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ $metadata: { attempts: 1, httpStatusCode: 400 } });
  });
});

describe.skipIf(missing)('AWS SDK with retry', () => {
  promisesOfHttp(
    async (policy, url): Promise<HttpClient> => ({
      query: await clientOf<HttpClient['query']>('AWS SDK with retry', policy, url),
    }),
    { hasNoPost: true },
  );
});

describe.skipIf(missing)('decorators', () => {
  test('a method fails twice, then succeeds; 404 once; an abort ends the delay', async () => {
    const { Prices, events } = await from<any>('Decorators');
    const server = await serve((request, response, count) =>
      (request.url === '/missing' ? answering([404, 404, 404]) : answering([503, 503]))(
        request,
        response,
        count,
      ),
    );
    await new Prices(server.url).get('a');
    expect(events.map(({ name, outcome }: any) => [name, outcome])).toEqual([
      ['get', 'retry'],
      ['get', 'retry'],
      ['get', 'done'],
    ]);
    const lost = await serve(answering([404, 404]));
    await expect(new Prices(lost.url).get('missing')).rejects.toThrow('404 for missing');
    expect(lost.requests).toHaveLength(1);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(new Prices(server.url).get('a', signal)).rejects.toThrow('enough');
  });
});

describe.skipIf(missing)('Nest', () => {
  test('a decorated route retries, with retried above or below @Get', async () => {
    const { PricesController } = await from<any>('Nest');
    const { NestFactory } = await import('@nestjs/core');
    const { Module } = await import('@nestjs/common');
    const App = class {
      readonly isEmpty = true;
    };
    Module({ controllers: [PricesController] })(App);
    const app = await NestFactory.create(App, { logger: false });
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const text = async (path: string): Promise<string> => (await fetch(`${url}/${path}`)).text();
    expect([await text('above/1'), await text('calls')]).toEqual(['1', '3']);
    expect([await text('below/2'), await text('calls')]).toEqual(['2', '6']);
    expect((await fetch(`${url}/missing`)).status).toBe(404);
    expect(await text('calls')).toBe('7');
  });
});
