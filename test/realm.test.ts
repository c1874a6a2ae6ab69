import { afterEach, describe, expect, test } from 'vitest';
import { realmTable } from '../src/realm.js';

const name = 'ostinato.test';
const symbol = Symbol.for(name);

afterEach(() => void Reflect.deleteProperty(globalThis, symbol));

describe('a table of the realm', () => {
  test('is the same for every copy of the package that asks for it by its name', () => {
    const [ours, theirs, other] = [realmTable(name), realmTable(name), realmTable('ostinato.test.other')];
    const key = {};
    ours.set(key, 5);
    expect(theirs.get(key)).toBe(5);
    expect(other.get(key)).toBeUndefined();
    expect(theirs.get({})).toBeUndefined();
    Reflect.deleteProperty(globalThis, Symbol.for('ostinato.test.other'));
  });

  test('is a table of its own for each copy where the global object takes no new key', () => {
    Object.defineProperty(globalThis, symbol, { value: undefined, writable: false, configurable: true });
    const [ours, theirs] = [realmTable(name), realmTable(name)];
    const key = {};
    ours.set(key, 5);
    expect(ours.get(key)).toBe(5);
    expect(theirs.get(key)).toBeUndefined();
  });
});
