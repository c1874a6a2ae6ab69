import type { FoundResponse } from '../../internal.js';
import { isObject, read, text } from './read.js';
import { responseOf } from './response-of.js';

export { isObject, read, text };

/** How many entries of a list are looked at. */
export const MOST = 100;

/**
 * One error of a chain of causes, seen through guarded reads: getters and proxies may throw, values may have any type.
 * What is not there, or not of the expected type, is '' or undefined.
 */
export class Level {
  readonly name: string;
  /** The only mark some clients leave (openai, node-redis); minifiers destroy it, so it is never the only rule. */
  readonly className: string;
  readonly code: string;
  readonly message: string;
  #response: FoundResponse | undefined;

  constructor(readonly error: object) {
    this.name = text(read(error, 'name'));
    this.className = text(read(read(error, 'constructor'), 'name'));
    this.code = text(read(error, 'code'));
    this.message = text(read(error, 'message'));
  }

  /** The response that the error is about. Several rules ask for it, and it is read at many places. */
  get response(): FoundResponse {
    return (this.#response ??= responseOf(this.error));
  }

  read(...path: readonly string[]): unknown {
    return path.reduce(read, this.error);
  }

  text(...path: readonly string[]): string {
    return text(this.read(...path));
  }

  /** Whether its name, or that of its class, matches. */
  isNamed(pattern: RegExp): boolean {
    return pattern.test(this.name) || pattern.test(this.className);
  }

  /** The first entries of a list; none where there is no list. A proxy may refuse to show it. */
  list(...path: readonly string[]): readonly unknown[] {
    try {
      const list = this.read(...path);
      return Array.isArray(list) ? list.slice(0, MOST) : [];
    } catch {
      return [];
    }
  }

  /** The error inside: of a wrapper that has retried itself the last one, else the cause, under its various names. */
  get inner(): unknown {
    const context = this.read('context');
    return [
      ...['lastError', 'cause', 'original', 'originalError', 'reason'].map((name) => this.read(name)),
      // Supabase keeps a lost connection where it keeps the response else.
      text(read(context, 'stack')) && context,
    ].find(isObject);
  }

  /** Whether it is of this class, or of one that extends it. A proxy may refuse to tell. */
  isA(type: new (...args: never[]) => object): boolean {
    try {
      return this.error instanceof type;
    } catch {
      return false;
    }
  }
}
