import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { withAssertions } from './assertions.js';
import { blocksOf, documents, documentsWithPackages } from './blocks.js';

/** Inside of the repository, so that the package is found under its own name. */
const folder = resolve('.cache/docs');
const blocks = documents.filter((name) => !documentsWithPackages.includes(name)).flatMap(blocksOf);

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'run'), { recursive: true });
  for (const { name, code } of blocks) writeFileSync(join(folder, `${name}.mts`), code);
});

test('every block is marked in a way that is understood', () => {
  const fences = documents.flatMap(
    (document) => readFileSync(document, 'utf8').match(/^ *```[jt]s.*$/gm) ?? [],
  );
  expect(new Set(fences)).toEqual(new Set(['```ts', '```ts no-run']));
  expect(documents.flatMap(blocksOf)).toHaveLength(fences.length);
});

test('every block compiles against the built package', () => {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    // What is missing here are the declarations of other packages.
    skipLibCheck: true,
    noEmit: true,
  };
  const files = blocks.map(({ name }) => `${name}.mts`);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  expect(run(resolve('node_modules/@typescript/native/bin/tsc'), '--project', folder)).toEqual({
    status: 0,
    output: '',
  });
}, 120_000);

describe('every block does what it says', () => {
  test.each(blocks.filter(({ runs }) => runs))(
    '$place',
    ({ name, code }) => {
      const file = join(folder, 'run', `${name}.mts`);
      writeFileSync(file, withAssertions(code));
      const { status, output } = run(file);
      expect(status, output).toBe(0);
    },
    120_000,
  );
});

describe('a comment that asserts', () => {
  test.each([
    ['a value', '1 + 1; // => 2', '1 + 1; // => 3'],
    ['a value below', '[1 + 1];\n// => [2]', '[1 + 1];\n// => [3]'],
    ['a variable', 'const two = 1 + 1; // => 2', 'const two = 1 + 1; // => 3'],
    ['what is printed', "console.log('a', 1); // => a 1", "console.log('a', 1); // => a 2"],
    ['an error', 'JSON.parse("x"); // => throws is not valid', 'JSON.parse("1"); // => throws is not valid'],
    ['that it is reached', '{ 1; // => 1\n}', 'if (Date.now() < 0) {\n1; // => 1\n}'],
  ])('tells %s', (_, right, wrong) => {
    expect([outcome(right), outcome(wrong) === 0]).toEqual([0, false]);
  });
});

/** How a process ends that runs this code with its assertions. */
function outcome(code: string): number | null {
  const file = join(folder, 'run', 'self.mts');
  writeFileSync(file, withAssertions(code));
  return run(file).status;
}

function run(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { status, output: stdout + stderr };
}
