/**
 * A table of the realm, under a registered symbol: the ESM and the CommonJS copy of this package share it. In a realm
 * that takes no new globals, each copy has a table of its own.
 */
export function realmTable<Value>(name: string): WeakMap<object, Value> {
  const table = new WeakMap<object, Value>();
  try {
    return ((globalThis as Record<symbol, unknown>)[Symbol.for(name)] ??= table) as typeof table;
  } catch {
    return table;
  }
}
