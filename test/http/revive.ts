import type { Shape } from '../vectors/load.js';

/** What describes a shape, and was no property of it. */
const NOTES = new Set(['ctor', 'proto', 'tag', 'ownKeys', 'instanceofError', 'access']);

/** Makes the value that a client threw out of its description: class chain, properties, headers with or without `get`. */
export function revive(shape: Shape): object {
  const { ctor, message, name } = shape;
  if (ctor === 'DOMException') return fill(new DOMException(String(message), String(name)), shape);
  if (shape['access'] === 'get()') return new Headers(entries(shape));
  const isError = shape.instanceofError !== false && 'message' in shape && ctor !== undefined;
  return fill(Object.create(prototypeOf(shape, isError)) as object, shape);
}

const entries = (shape: Shape): [string, string][] =>
  Object.entries(shape).flatMap(([key, value]) =>
    NOTES.has(key) || value === null ? [] : [[key, value as string]],
  );

/** A chain of classes with these names, from the innermost out. */
function prototypeOf({ ctor = 'Object', proto = ctor }: Shape, isError: boolean): object {
  const builtIn: Record<string, object> = { Error, TypeError, SyntaxError, AggregateError, Object };
  let parent: object = isError ? Error.prototype : Object.prototype;
  for (const className of proto.split(' < ').toReversed()) {
    const known = builtIn[className] as { prototype: object } | undefined;
    parent = known?.prototype ?? Object.create(parent, { constructor: { value: { name: className } } });
  }
  return parent;
}

function fill(target: object, shape: Shape): object {
  const isDomException = shape.ctor === 'DOMException';
  for (const [key, value] of Object.entries(shape)) {
    if (NOTES.has(key) || (isDomException && /^(?:name|message|code)$/.test(key))) continue;
    Object.defineProperty(target, key, {
      value: reviveValue(value),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return target;
}

function reviveValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reviveValue);
  return typeof value === 'object' && value !== null ? revive(value as Shape) : value;
}
