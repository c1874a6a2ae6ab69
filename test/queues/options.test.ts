import { expect, test } from 'vitest';
import { checkHandler, optionsOf, QUEUE_OPTIONS } from '../../src/queues/options.js';

const check = (options: unknown) => (): unknown => optionsOf('work', options as object, QUEUE_OPTIONS);

test('options that are known pass, given or not', () => {
  const { signal } = new AbortController();
  expect(check({})).not.toThrow();
  expect(check({ classify: () => undefined, onAttempt: undefined, random: null, signal })).not.toThrow();
  expect(check(Object.create(null))).not.toThrow();
});

test('a name that is no option is an error that says what there is', () => {
  expect(check({ onAtempt: () => 1 })).toThrow(TypeError);
  expect(check({ onAtempt: undefined })).toThrow(
    'work has no option onAtempt: it has classify, policyFor, onAttempt, name, random, signal, clock',
  );
  expect(check({ toString: 1 })).toThrow('work has no option toString: ');
});

test('a key of the policy is sent where it belongs', () => {
  expect(check({ maxRetries: 3 })).toThrow('work has no option maxRetries: it belongs in the policy');
});

test('null and undefined are the same as not given, also for all options together', () => {
  expect(check({ name: 'x', onAttempt: undefined, random: null, signal: null, clock: null })()).toEqual({
    name: 'x',
  });
  expect(check(null)()).toEqual({});
  expect(check(undefined)()).toEqual({});
});

test.each([7, 'x', [], () => 1, new AbortController().signal])('%s is no options', (options) => {
  expect(check(options)).toThrow('The options of work are a plain object, got ');
});

test('a hook has to be a function, and a signal one', () => {
  expect(check({ classify: 'stop' })).toThrow('classify is a function, got "stop"');
  expect(check({ onAttempt: false })).toThrow('onAttempt is a function, got false');
  expect(check({ signal: new AbortController() })).toThrow('signal is an AbortSignal, got object');
  expect(check({ signal: new EventTarget() })).toThrow('signal is an AbortSignal, got object');
});

test('a clock has its three functions', () => {
  expect(check({ clock: { now: () => 0, wallNow: () => 0, setTimer: () => () => undefined } })).not.toThrow();
  for (const clock of [7, Date, { now: () => 0 }, { now: () => 0, wallNow: () => 0, setTimer: 5 }]) {
    expect(check({ clock })).toThrow('clock is an object with the functions now, wallNow, setTimer, got ');
  }
});

test('a handler has to be a function', () => {
  expect(() => checkHandler(() => 1)).not.toThrow();
  expect(() => checkHandler(undefined)).toThrow('handler is a function, got undefined');
});
