import { expectTypeOf, test } from 'vitest';
import { permanent, retryAfter, withRetry } from '../src/index.js';

interface User {
  readonly id: string;
}
interface Options {
  readonly signal?: AbortSignal;
}
declare function fetchUser(id: string, options?: Options): Promise<User>;
declare function thenable(id: string): PromiseLike<User>;
declare function sometimes(id: string): User | Promise<User>;
declare function load<T>(key: string, parsed: (text: string) => T): Promise<T>;
declare function fails(): never;
declare function parse(text: string, radix?: number): User;

test('arguments and result stay what they are', () => {
  const wrapped = withRetry(fetchUser);
  expectTypeOf(wrapped).toEqualTypeOf<typeof fetchUser>();
  expectTypeOf(wrapped).parameters.toEqualTypeOf<[id: string, options?: Options | undefined]>();
  expectTypeOf(wrapped('42')).toEqualTypeOf<Promise<User>>();
  // @ts-expect-error: the id is missing
  wrapped().catch(() => {});
  // @ts-expect-error: an id is a string
  wrapped(42).catch(() => {});
});

test('a synchronous function gives a promise afterwards', () => {
  expectTypeOf(withRetry(parse)).toEqualTypeOf<(text: string, radix?: number) => Promise<User>>();
});

test('a function that gives a thenable, or a promise only at times, gives a promise afterwards', () => {
  expectTypeOf(withRetry(thenable)).toEqualTypeOf<(id: string) => Promise<User>>();
  expectTypeOf(withRetry(sometimes)('')).toEqualTypeOf<Promise<User>>();
});

test('what a promise has of its own is not there afterwards', () => {
  class ApiPromise<T> extends Promise<T> {
    asResponse(): Promise<Response> {
      return Promise.resolve(new Response());
    }
  }
  const create = withRetry((model: string) => new ApiPromise<User>(() => model));
  expectTypeOf(create).toEqualTypeOf<(model: string) => Promise<User>>();
});

test('a function that never returns gives a promise that never resolves', () => {
  expectTypeOf(withRetry(fails)).toEqualTypeOf<() => Promise<never>>();
});

test('`this` stays what it is', () => {
  class Client {
    readonly base = '';
    readonly get = withRetry(async function (this: Client, id: string): Promise<string> {
      return this.base + id;
    });
    readonly getNow = withRetry(function (this: Client, id: string): string {
      return this.base + id;
    });
  }
  const client = new Client();
  expectTypeOf(client.get('42')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(client.getNow('42')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(client.get).thisParameter.toEqualTypeOf<Client>();
  expectTypeOf(client.getNow).thisParameter.toEqualTypeOf<Client>();
  const { get } = client;
  // @ts-expect-error: without its `this`
  get('42').catch(() => {});
});

test('overloads stay', () => {
  interface Read {
    (path: string): Promise<Uint8Array>;
    (path: string, encoding: 'utf8'): Promise<string>;
  }
  const read = withRetry((async () => '') as unknown as Read);
  expectTypeOf(read('a')).toEqualTypeOf<Promise<Uint8Array>>();
  expectTypeOf(read('a', 'utf8')).toEqualTypeOf<Promise<string>>();
});

test('generics stay', () => {
  const wrapped = withRetry(load);
  expectTypeOf(wrapped('key', Number)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(wrapped('key', (text) => ({ text }))).toEqualTypeOf<Promise<{ text: string }>>();
});

test('options may be made of the arguments, which keep their types', () => {
  withRetry(fetchUser, {}, (id, options) => {
    expectTypeOf(id).toEqualTypeOf<string>();
    expectTypeOf(options).toEqualTypeOf<Options | undefined>();
    return { signal: options?.signal };
  });
  withRetry(fetchUser, {}, () => undefined);
  withRetry(
    fetchUser,
    {},
    {
      classifyResult: (user) => {
        expectTypeOf(user).toEqualTypeOf<User>();
        return undefined;
      },
    },
  );
  // @ts-expect-error: no such option
  withRetry(fetchUser, {}, { retries: 3 });
});

test('a mark leaves the type of an error as it is', () => {
  expectTypeOf(permanent(new RangeError('gone'))).toEqualTypeOf<RangeError>();
  expectTypeOf(retryAfter(new DOMException('busy'), 5)).toEqualTypeOf<DOMException>();
  // @ts-expect-error: a text cannot carry a mark
  permanent('text');
});
