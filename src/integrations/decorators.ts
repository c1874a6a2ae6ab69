import { type PolicySpec, type RetryOptions, withRetry } from '../index.js';
import { checkOptions, resolvePolicy, show } from '../internal.js';

type AsyncMethod = (this: any, ...args: any[]) => Promise<any>;

/** A decorator of methods that return promises, for legacy TypeScript (`experimentalDecorators`) and for TC39 decorators. */
export interface RetriedDecorator {
  <Method extends AsyncMethod>(method: Method, context: ClassMethodDecoratorContext<any, Method>): Method;
  <Method extends AsyncMethod>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/**
 * A decorator that makes a method retry: `@retried({ maxRetries: 3 })`. It works as `withRetry` does: each call of the
 * method is a call of `retry`. `this`, the name, the length and the properties of the method stay, and so does metadata of
 * `reflect-metadata`, so that decorators of frameworks may stand above or below it.
 *
 * @param policy default `presets.default`.
 * @param options the options of each call, or a function of the call's arguments that returns them. The default of `name`
 *   is the name of the method.
 * @throws TypeError at once for a wrong policy or wrong options; when the class is defined for anything but a method
 *   (an accessor, a field, a class, a parameter).
 */
export function retried(
  policy?: PolicySpec,
  options?: RetryOptions<any> | ((...args: any[]) => RetryOptions<any> | null | undefined) | null,
): RetriedDecorator {
  // As legacy and TC39 decorators are called.
  if (typeof policy === 'function' || typeof options === 'string' || typeof options === 'symbol') {
    throw new TypeError('@retried: got a method instead of a policy; write @retried() with brackets');
  }
  const resolved = resolvePolicy(policy);
  if (options && typeof options !== 'function') checkOptions(options);

  const wrap = (method: AsyncMethod): AsyncMethod => {
    const wrapped: AsyncMethod = withRetry(method, resolved, options);
    copyProperties(method, wrapped);
    copyMetadata(method, wrapped);
    return wrapped;
  };

  return ((...args: readonly unknown[]): unknown => {
    const [first, second, third] = args;
    if (isContext(second)) {
      if (second.kind === 'method' && typeof first === 'function') return wrap(first as AsyncMethod);
      throw new TypeError(misplaced(`a ${String(second.kind)}`, second.name));
    }
    const descriptor = third as PropertyDescriptor | undefined;
    if (typeof descriptor?.value !== 'function') {
      throw new TypeError(misplaced(args.length > 1 ? 'no method' : show(first), second));
    }
    descriptor.value = wrap(descriptor.value as AsyncMethod);
    return undefined;
  }) as RetriedDecorator;
}

/** What a TC39 decorator gets as its second argument. */
const isContext = (value: unknown): value is { kind: unknown; name: unknown } =>
  typeof value === 'object' && value !== null && 'kind' in value;

const misplaced = (got: string, name?: any): string =>
  `@retried${name === undefined ? '' : ` on ${String(name)}`}: got ${got}; decorate a method that returns a promise`;

/** Frameworks keep what they know about a method in properties of the function. */
function copyProperties(from: object, to: object): void {
  for (const key of Reflect.ownKeys(from)) {
    if (Object.hasOwn(to, key)) continue;
    Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  }
}

/** The functions that the package reflect-metadata adds to `Reflect`. */
interface ReflectMetadata {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

function copyMetadata(from: object, to: object): void {
  const metadata = Reflect as unknown as ReflectMetadata;
  for (const key of metadata.getOwnMetadataKeys?.(from) ?? []) {
    metadata.defineMetadata(key, metadata.getOwnMetadata(key, from), to);
  }
}
