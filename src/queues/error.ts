/**
 * An error as data: what a history row or a dead letter keeps of a failure. Every text is bounded and can be stored as
 * JSON by every host (no NUL and no lone surrogate, which Postgres refuses).
 */
export interface ErrorData {
  /** The error's name; for a thrown value that is no error, its type, as `typeof` gives it (`null` for null). */
  readonly name: string;
  /** The error's message, or the value itself as text; at most 2 000 characters. */
  readonly message: string;
  /** At most the first 4 000 characters; left out when there is none. */
  readonly stack?: string;
  /** `error.code`, when it is a string or a number. */
  readonly code?: string | number;
}

const MESSAGE_LENGTH = 2_000;
const STACK_LENGTH = 4_000;
const NAME_LENGTH = 200;

/** What was thrown, whatever it is, as data. Never throws: getters that do are read as missing. */
export function errorData(thrown: unknown): ErrorData {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: thrown === null ? 'null' : typeof thrown, message: text(thrown, MESSAGE_LENGTH) };
  }
  const name = read(thrown, 'name');
  const message = read(thrown, 'message');
  const stack = read(thrown, 'stack');
  const code = read(thrown, 'code');
  return {
    name: typeof name === 'string' && name !== '' ? text(name, NAME_LENGTH) : 'Object',
    message: typeof message === 'string' ? text(message, MESSAGE_LENGTH) : preview(thrown),
    ...(typeof stack === 'string' && { stack: text(stack, STACK_LENGTH) }),
    ...(typeof code === 'string' && { code: text(code, NAME_LENGTH) }),
    ...(typeof code === 'number' && Number.isFinite(code) && { code }),
  };
}

/** One property, also of a proxy or behind a getter that throws. */
function read(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key);
  } catch {
    return undefined;
  }
}

/** An object that is no error, as JSON where that can be had. */
function preview(value: object): string {
  try {
    return text(JSON.stringify(value), MESSAGE_LENGTH);
  } catch {
    return '[object]'; // circular, a bigint inside, or a toJSON that throws
  }
}

/** Cut first, so that a stack of a megabyte costs no more than one of the usual length. */
function text(value: unknown, length: number): string {
  const whole = String(value);
  const cut = whole.length > length ? `${whole.slice(0, length)}…` : whole;
  return cut
    .replaceAll('\0', '\u2400')
    .replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}
