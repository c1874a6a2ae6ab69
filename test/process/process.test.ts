import { describe, expect, test } from 'vitest';
import { nodes } from '../package/nodes.js';
import { runProgram } from './program.js';

const fine = { code: 0, stderr: '' };

describe.each(nodes)('on Node $version', ({ path }) => {
  const run = (name: string, ...options: string[]): ReturnType<typeof runProgram> =>
    runProgram(path, name, ...options);

  test('every attempt and every hook runs in the async context of its caller', async () => {
    expect(await run('async-context.mjs')).toMatchObject(fine);
  });

  test('a delay holds the process until the call has ended', async () => {
    expect(await run('held.mjs')).toMatchObject({ ...fine, stdout: 'waiting\ndone\n' });
  });

  test('a delay with unref does not hold the process, whatever delays without it came before', async () => {
    const ending = await run('unheld.mjs');
    expect(ending).toMatchObject({ ...fine, stdout: 'waiting\nheld call done\n' });
    expect(ending.tookMs).toBeLessThan(30_000);
  });

  test('no timer is left by a call that has ended, however long its limits', async () => {
    const ending = await run('nothing-left.mjs');
    expect(ending).toMatchObject({ ...fine, stdout: 'ended\n' });
    expect(ending.tookMs).toBeLessThan(30_000);
  });

  test('a virtual clock does not keep the process alive, not even while runAll waits', async () => {
    expect(await run('virtual-clock.mjs')).toMatchObject({ ...fine, stdout: 'ended\n' });
  });

  test('10 000 calls on one signal have one listener, make nobody warn, and leave none', async () => {
    expect(await run('one-signal.mjs')).toMatchObject({ ...fine, stdout: 'no warning\n' });
  });

  test('40 000 requests of retryFetch leave nothing on a signal, which still ends the body that is being read', async () => {
    expect(await run('fetch-signals.mjs', '--expose-gc')).toMatchObject({
      ...fine,
      stdout: 'nothing left\n',
    });
  });

  test('100 000 attempts of one call take constant memory, whether they fail or are cut off', async () => {
    expect(await run('endless.mjs', '--expose-gc')).toMatchObject(fine);
  });

  test('a settlement that comes too late is never an unhandled rejection', async () => {
    expect(await run('late.mjs', '--unhandled-rejections=strict')).toMatchObject({
      ...fine,
      stdout: 'all late\n',
    });
  });

  test('a mark of the CommonJS copy counts in the ESM copy, and the other way round', async () => {
    expect(await run('two-copies.mjs')).toMatchObject(fine);
  });

  test.each(['mock-timers-first.mjs', 'mock-timers-later.mjs'])(
    'the mock timers of node:test work, also the second time in a file: %s',
    async (name) => {
      const { code, stdout } = await run(name, '--test', '--test-reporter=tap');
      expect(stdout).toContain('# fail 0');
      expect(stdout).toContain('# pass 5');
      expect(code).toBe(0);
    },
  );
});
