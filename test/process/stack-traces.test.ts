import { expect, test } from 'vitest';
import { nodes } from '../package/nodes.js';
import { runProgram } from './program.js';

interface Row {
  readonly name: string;
  readonly stack: string;
}

// 19 cases of options and limits, 3 entries, 4 operations, 2 attempts: one test, because a test for each takes longer than
// the program.
test.each(nodes)(
  'on Node $version the callers are in the stack, with every option and limit',
  async ({ path }) => {
    const { code, stdout, stderr } = await runProgram(path, 'stack-traces.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = JSON.parse(stdout) as readonly Row[];
    expect(new Set(rows.map(({ name }) => name)).size).toBe(19 * 3 * 4 * 2);
    const withoutCallers = rows.filter(
      ({ stack }) => !/^Error: boom\n.*\bthird\b.*\bsecond\b.*\bfirst\b/s.test(stack),
    );
    // A link to the callers would double the cost of a retry there (bench/NOTES.md).
    expect(
      withoutCallers.filter(
        ({ name }) => !/^no options, .*attempt 2, thrown before its first await$/.test(name),
      ),
    ).toEqual([]);
    expect(withoutCallers.length).toBeLessThanOrEqual(3);
  },
);
