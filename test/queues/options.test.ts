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
  expect(check({ onAtempt: undefined })).toThrow('onAtempt: got undefined; use onAttempt');
  expect(check({ toString: 1 })).toThrow(
    'toString: got 1; unknown name; the names are classify, policyFor, onAttempt, name, random, signal, clock',
  );
});

test('a key of the policy is sent where it belongs', () => {
  expect(check({ maxRetries: 3 })).toThrow('maxRetries: got 3; use maxRetries, in the policy');
});

test('null and undefined are the same as not given, also for all options together', () => {
  expect(check({ name: 'x', onAttempt: undefined, random: null, signal: null, clock: null })()).toEqual({
    name: 'x',
  });
  expect(check(null)()).toEqual({});
  expect(check(undefined)()).toEqual({});
});

test.each([7, 'x', [], () => 1, new AbortController().signal])('%s is no options', (options) => {
  expect(check(options)).toThrow(
    /^options of work: got .*; expected a plain object, such as \{ classify \}$/,
  );
});

test('a hook has to be a function, and a signal one', () => {
  expect(check({ classify: 'stop' })).toThrow('classify: got "stop"; expected a function');
  expect(check({ onAttempt: false })).toThrow('onAttempt: got false; expected a function');
  expect(check({ signal: new AbortController() })).toThrow(
    'signal: got object; expected a signal, such as controller.signal',
  );
  expect(check({ clock: Date })).toThrow(
    'clock: got function; expected a clock with now, wallNow and setTimer',
  );
  expect(check({ clock: null })).not.toThrow();
  expect(check({ random: 'job 42' })).toThrow(
    'random: got "job 42"; expected a function; use seeded(\'order 42\')',
  );
});

test('a handler has to be a function', () => {
  expect(() => checkHandler(() => 1)).not.toThrow();
  expect(() => checkHandler(undefined)).toThrow(
    'handler: got undefined; expected a function, such as () => …',
  );
});
