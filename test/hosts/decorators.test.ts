import { build } from 'esbuild';
import { describe, expect, test, vi } from 'vitest';
import { retried } from '../../src/integrations/decorators.js';
import { type AttemptEvent, type PolicySpec, retry, seeded } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const policy: PolicySpec = { maxRetries: 2, baseDelayMs: 1, jitter: 'none' };

const source = `
  export const make = (retried) => {
    class Client {
      calls = 0;
      failures = 2;
      static made = 0;
      @retried async get(path, more) {
        if (++this.calls <= this.failures) throw new Error('not yet ' + path);
        return [this, path];
      }
      @retried async ['computed name']() {
        return this.calls;
      }
      @retried static async create() {
        if (++this.made < 3) throw new Error('x');
        return new this();
      }
    }
    return Client;
  };
  export const misplaced = {
    getter: (retried) => { class A { @retried get a() { return 1; } } return A; },
    setter: (retried) => { class A { @retried set a(value) {} } return A; },
    field: (retried) => { class A { @retried a = 1; } return A; },
    class: (retried) => { @retried class A {} return A; },
  };
`;

/** Only legacy decorators know parameters. */
const parameter = `
  misplaced.parameter = (retried) => { class A { async a(@retried b) {} } return A; };
`;

/** The class, compiled for either kind of decorators. */
async function compiled(experimentalDecorators: boolean): Promise<any> {
  const { outputFiles } = await build({
    stdin: { contents: experimentalDecorators ? source + parameter : source, loader: 'ts' },
    format: 'esm',
    target: 'es2022',
    write: false,
    tsconfigRaw: { compilerOptions: { experimentalDecorators } },
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`);
}

describe.each([
  ['legacy decorators', true],
  ['TC39 decorators', false],
])('%s', (_, isLegacy) => {
  test('methods, static ones and computed ones retry, with their own this and arguments', async () => {
    const Client = (await compiled(isLegacy)).make(retried(policy));
    const client = new Client();
    expect(await client.get('/a')).toEqual([client, '/a']);
    expect(client.calls).toBe(3);
    expect(await client['computed name']()).toBe(3);
    expect(await Client.create()).toBeInstanceOf(Client);
    expect(Client.made).toBe(3);
  });

  test('name and length stay, and the method is not enumerable', async () => {
    const Client = (await compiled(isLegacy)).make(retried(policy));
    const { get } = Client.prototype;
    expect([get.name, get.length, Client.create.name]).toEqual(['get', 2, 'create']);
    expect(Client.prototype['computed name'].name).toBe('computed name');
    expect(Object.keys(Client.prototype)).toEqual([]);
  });

  test('the last error arrives unchanged, and a subclass may call super', async () => {
    const Client = (await compiled(isLegacy)).make(retried(policy));
    class Eager extends Client {
      failures = 9;
      get(path: string): unknown {
        return super.get(`${path}b`);
      }
    }
    const client: any = new Eager();
    await expect(client.get('/a')).rejects.toThrow('not yet /ab');
    expect(client.calls).toBe(3);
  });

  test('attempts, delays and events are those of retry() with the same seed; the name is that of the method', async () => {
    const spec: PolicySpec = { maxRetries: 2, baseDelayMs: 1_000, jitter: 'full' };
    const { make } = await compiled(isLegacy);
    const actual = await notes((options) => {
      const client = new (make(retried(spec, options)))();
      client.failures = 9;
      return client.get('/a');
    }, 'get');
    expect(actual).toEqual(await notes((options) => retry(fail, spec, options), 'get'));
    const names: unknown[] = [];
    await new (make(retried(policy, { onAttempt: ({ name }) => void names.push(name) })))().get('/a');
    expect(names).toEqual(['get', 'get', 'get']);
  });

  test('an abort by a signal among the arguments ends the delay, and leaves no timer', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const options = (_path: string, more: { signal: AbortSignal }) => ({ clock, signal: more.signal });
    const client = new ((await compiled(isLegacy)).make(retried(policy, options)))();
    const result = client.get('/a', { signal: controller.signal });
    await vi.waitFor(() => expect(clock.liveTimers).toBe(1));
    controller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect([client.calls, clock.liveTimers]).toEqual([1, 0]);
  });

  test.each(['getter', 'setter', 'field', 'class', ...(isLegacy ? ['parameter'] : [])])(
    'on a %s: TypeError when the class is defined',
    async (place) => {
      const { misplaced } = await compiled(isLegacy);
      const define = () => misplaced[place](retried(policy));
      expect(define).toThrow(TypeError);
      expect(define).toThrow(/decorate a method/);
    },
  );
});

describe('what frameworks keep with a method', () => {
  test('properties stay, except those that every function has', () => {
    const mark = Symbol('mark');
    const method = Object.assign(async function original() {}, { route: '/a', [mark]: 1 });
    const wrapped = decorated(method);
    expect([wrapped.route, wrapped[mark], wrapped.name]).toEqual(['/a', 1, 'original']);
    expect(wrapped).not.toBe(method);
  });

  test('metadata of reflect-metadata stays', () => {
    const tables = new WeakMap<object, Map<unknown, unknown>>();
    const fake = {
      getOwnMetadataKeys: (target: object) => [...(tables.get(target)?.keys() ?? [])],
      getOwnMetadata: (key: unknown, target: object) => tables.get(target)?.get(key),
      defineMetadata: (key: unknown, value: unknown, target: object) => {
        tables.set(target, (tables.get(target) ?? new Map()).set(key, value));
      },
    };
    Object.assign(Reflect, fake);
    try {
      const method = Object.assign(async () => {}, {});
      fake.defineMetadata('path', '/a', method);
      expect(fake.getOwnMetadata('path', decorated(method))).toBe('/a');
    } finally {
      for (const key of Object.keys(fake)) Reflect.deleteProperty(Reflect, key);
    }
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['a policy', () => retried({ maxRetries: -1 }), /maxRetries/],
  ['a name', () => retried({}, { retries: 3 } as never), /retries/],
  [
    'a decorator without brackets',
    () => (retried as any)(async () => {}, { kind: 'method', name: 'a' }),
    /@retried\(\)/,
  ],
  [
    'a legacy decorator without brackets',
    () => (retried as any)({}, 'a', { value: async () => {} }),
    /@retried\(\)/,
  ],
])('%s that is wrong is a TypeError at once', (_, make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

const fail = (): never => {
  throw new Error('x');
};

/** The events of a call, under this name and without its outcome. */
const notes = async (run: (options: object) => Promise<unknown>, name: string): Promise<AttemptEvent[]> => {
  const clock = virtualClock();
  const events: AttemptEvent[] = [];
  const onAttempt = (event: AttemptEvent) =>
    void events.push({ ...event, error: undefined, value: undefined });
  await clock.runAll(run({ clock, random: seeded(7), onAttempt }).catch(() => {}));
  return events.map((event) => ({ ...event, name }));
};

/** The method, decorated as legacy TypeScript does it. */
const decorated = (method: object) => {
  const descriptor = { value: method };
  retried(policy)({}, 'key', descriptor as never);
  return descriptor.value as any;
};
