// Reads of what was thrown: a getter or a proxy may throw, and a value may have any type.

export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A property of anything; undefined where it cannot be read. */
export function read(holder: unknown, key: string): unknown {
  try {
    return (holder as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}
