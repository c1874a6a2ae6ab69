import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { entries } from './entries.js';
import { nodes } from './nodes.js';

const blank = inject('blank');
const publicNames = JSON.parse(readFileSync('test/package/public-names.json', 'utf8')) as Record<
  string,
  { readonly values: readonly string[] }
>;

/** What users do first, with either kind of module. */
const program = `
  let calls = 0;
  const value = await retry(() => {
    if (++calls < 3) throw new Error('not yet');
    return 'done';
  }, { ...presets.default, baseDelayMs: 1 });
  const error = await retry(() => { throw permanent(new Error('never')); }).catch((thrown) => thrown);
  console.log(JSON.stringify([value, calls, error.message, reportOf(error).reason]));
`;

test('the oldest Node that is supported takes part, wherever nothing may be left out', () => {
  if (process.env['REQUIRE_SERVICES'] === '1') {
    expect(nodes.map(({ version }) => version)).toContainEqual(expect.stringMatching(/^v20\./));
  }
  expect(nodes.length).toBeGreaterThan(0);
});

describe.each(nodes)('on Node $version', ({ path }) => {
  const run = (file: string, code: string): unknown => {
    writeFileSync(join(blank, file), code);
    return JSON.parse(execFileSync(path, [file], { cwd: blank, encoding: 'utf8' }));
  };

  test('retry works by import', () => {
    const code = `import { permanent, presets, reportOf, retry } from 'ostinato';\n${program}`;
    expect(run('retry.mjs', code)).toEqual(['done', 3, 'never', 'not-retryable']);
  });

  test('retry works by require', () => {
    const code = `const { permanent, presets, reportOf, retry } = require('ostinato');\n(async () => {${program}})();`;
    expect(run('retry.cjs', code)).toEqual(['done', 3, 'never', 'not-retryable']);
  });

  test.each(entries)('$name gives its names by import and by require', ({ name }) => {
    const print = 'console.log(JSON.stringify(Object.keys(names).sort()))';
    expect(run('names.mjs', `import * as names from '${name}'; ${print}`)).toEqual(publicNames[name]?.values);
    expect(run('names.cjs', `const names = require('${name}'); ${print}`)).toEqual(publicNames[name]?.values);
  });
});
