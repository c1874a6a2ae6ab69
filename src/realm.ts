/**
 * A table of the realm, under a registered symbol: the ESM and the CommonJS copy of this package share it. It is made
 * when the first value is written.
 */
export const realmTable = <Value>(
  name: string,
): { get(key: object): Value | undefined; set(key: object, value: Value): void } => {
  const realm = globalThis as unknown as Record<symbol, WeakMap<object, Value> | undefined>;
  const symbol = Symbol.for(name);
  return {
    get: (key) => realm[symbol]?.get(key),
    set: (key, value) => {
      (realm[symbol] ??= new WeakMap()).set(key, value);
    },
  };
};
