import axios, { type AxiosInstance } from 'axios';
import { Agent, type Dispatcher } from 'undici';
import { expectTypeOf, test } from 'vitest';
import { retryAxios, withoutRetry } from '../../src/integrations/axios.js';
import { retried } from '../../src/integrations/decorators.js';
import { retryInterceptor } from '../../src/integrations/undici/index.js';

test('retryInterceptor fits compose of undici', () => {
  const interceptor: Dispatcher.DispatcherComposeInterceptor = retryInterceptor({ maxRetries: 1 });
  expectTypeOf(new Agent().compose(interceptor, retryInterceptor())).toMatchTypeOf<Dispatcher>();
  retryInterceptor(
    {},
    {
      classifyResult: ({ statusCode, headers }) => (statusCode === 404 && headers['x'] ? 'retry' : undefined),
      idempotent: ({ method }) => method === 'POST',
    },
  );
  // @ts-expect-error: undici has a signal for each request
  retryInterceptor({}, { signal: new AbortController().signal });
});

test('retryAxios returns the client that it is given', () => {
  expectTypeOf(retryAxios(axios.create(), { maxRetries: 1 })).toEqualTypeOf<AxiosInstance>();
  expectTypeOf(retryAxios(axios)).toEqualTypeOf<typeof axios>();
  void axios.get('/', withoutRetry({ timeout: 5 }));
  void axios.get('/', withoutRetry());
  // @ts-expect-error: no option of axios
  void axios.get('/', withoutRetry({ timeouts: '5' }));
  retryAxios(axios, {}, { classifyResult: ({ status }) => (status === 404 ? 'retry' : undefined) });
});

test('retried decorates methods that return promises, and no others', () => {
  class Client {
    @retried({ maxRetries: 1 })
    async get(path: string): Promise<string> {
      return path;
    }

    @retried({}, { name: 'make' })
    static make(): Promise<Client> {
      return Promise.resolve(new Client());
    }

    // @ts-expect-error: the method would return a promise
    @retried()
    size(): number {
      return 1;
    }

    // @ts-expect-error: a field is no method
    @retried()
    field = 1;
  }
  expectTypeOf<Client['get']>().toEqualTypeOf<(path: string) => Promise<string>>();
  void Client;
  // @ts-expect-error: no option of that name
  retried({}, { retries: 3 });
});
