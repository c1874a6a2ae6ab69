import { describe, expect, test } from 'vitest';
import { nodes } from '../package/nodes.js';
import { runProgram } from './program.js';

interface Row {
  readonly name: string;
  readonly stack: string;
}

// The program runs once for each Node. It is what knows the rows, so it runs before the tests are declared.
const results = await Promise.all(
  nodes.map(async ({ path, version }) => {
    const { code, stdout, stderr } = await runProgram(path, 'stack-traces.mjs');
    if (code !== 0) throw new Error(`stack-traces.mjs ended with code ${code} on Node ${version}: ${stderr}`);
    return { version, rows: JSON.parse(stdout) as readonly Row[] };
  }),
);

describe.each(results)('on Node $version the callers are in the stack', ({ rows }) => {
  test('in every case: 19 of options and limits, 3 entries, 4 operations, 2 attempts', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(19 * 3 * 4 * 2);
  });

  test.each(rows)('$name', ({ stack }) => {
    expect(stack).toMatch(/^Error: boom\n.*\bthird\b.*\bsecond\b.*\bfirst\b/s);
  });
});
