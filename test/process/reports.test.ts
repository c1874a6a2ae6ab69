import { describe, expect, test } from 'vitest';
import { nodes } from '../package/nodes.js';
import { runProgram } from './program.js';

describe.each(nodes)('on Node $version', ({ path }) => {
  test.each(['esm', 'cjs'])('a TimeoutError is called so wherever it is printed: %s', async (copy) => {
    const { code, stdout, stderr } = await runProgram(path, 'timeout-error.mjs', [copy]);
    const line = 'TimeoutError: Attempt 1 was cut off by attemptTimeoutMs (5)';
    expect(stdout.split('\n')).toEqual([
      `TimeoutError TimeoutError ${line} true`,
      line,
      line,
      '[]',
      'Renamed: Attempt 1 was cut off by attemptTimeoutMs (5) []',
      '',
    ]);
    expect(stderr).toContain(`\n${line}\n    at `);
    expect(stderr).not.toMatch(/TimeoutError\d/);
    expect(code).toBe(1);
  });

  test('a call ends, and has its report, where the global object is frozen', async () => {
    expect(await runProgram(path, 'frozen-global.mjs')).toMatchObject({ code: 0, stderr: '' });
  });
});
