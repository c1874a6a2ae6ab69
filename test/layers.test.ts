import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { entries } from '../scripts/entries.js';
import { circlesIn, importsIn } from './support/imports.js';

/** Imports that go against the direction, each in a file of its own layer. */
const forbidden = [
  ['policy/backoff', '../decide.js'],
  ['policy/backoff', '../verdict/status.js'],
  ['verdict/status', '../retry.js'],
  ['verdict/status', '../http/hints.js'],
  ['decide', './retry.js'],
  ['decide', 'node:fs'],
  ['retry', './http/index.js'],
  ['retry', './queues/types.js'],
  ['retry', 'node:fs'],
  ['http/hints', '../retry.js'],
  ['http/hints', '../verdict/status.js'],
  ['http/failure/status', '../../queues/types.js'],
  ['testing/trace', '../decide.js'],
  ['testing/laws/spread', '../../policy/jitter.js'],
  ['queues/types', '../http/index.js'],
  ['queues/types', './postgres/index.js'],
  ['queues/postgres/table', '../bullmq/host.js'],
  ['queues/postgres/table', '../../retry.js'],
  ['integrations/axios', '../retry.js'],
  ['integrations/axios', '../http/request.js'],
  ['integrations/axios', '../queues/types.js'],
] as const;

const allowed = [
  ['policy/backoff', '../random.js'],
  ['verdict/status', '../policy/policy.js'],
  ['decide', './policy/jitter.js'],
  ['retry', './decide.js'],
  ['http/hints', '../internal.js'],
  ['http/failure/status', '../hints.js'],
  ['testing/laws/spread', '../../index.js'],
  ['queues/postgres/table', '../types.js'],
  ['queues/postgres/table', '../../internal.js'],
  ['integrations/axios', '../http/internal.js'],
  ['integrations/axios', '../internal.js'],
] as const;

/** The entry points that are built on `ostinato/http`. */
const onHttp = /^src\/integrations\//;

/** The import of one entry point by each of the others, as entries.json lists them. */
const betweenEntries = entries
  .flatMap((entry) => entries.map((other) => ({ from: entry.source, to: other.source })))
  .filter(({ from, to }) => !to.startsWith(`${dirname(from)}/`) && to !== 'src/index.ts')
  .filter(
    ({ from, to }) =>
      !from.startsWith(`${dirname(to)}/`) && !(onHttp.test(from) && to.startsWith('src/http/')),
  )
  .map(({ from, to }) => {
    const path = posix.relative(dirname(from), to).replace(/\.ts$/, '.js');
    return [from.slice('src/'.length, -'.ts'.length), path.startsWith('.') ? path : `./${path}`] as const;
  });

test('the linter knows in which direction imports point', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ostinato-layers-'));
  try {
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    expect(complaints(folder, forbidden)).toBe(forbidden.length);
    expect(betweenEntries.length).toBeGreaterThan(20);
    expect(complaints(folder, betweenEntries)).toBe(betweenEntries.length);
    expect(complaints(folder, allowed)).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no file of src imports itself through others, not even for a type', () => {
  const graph = importsIn('src');
  expect(graph.get('retry.ts')).toContain('options.ts');
  expect(circlesIn(graph)).toEqual([]);
});

test.each([
  ['of values', "import { b } from './b.js';", "import { a } from '../a.js';"],
  ['of types only', "import type { B } from './b.js';", "import { type A } from '../a.js';"],
  ['of exports', "export * from './b.js';", "export type { A } from '../a.js';"],
  ['of inline types', "export type B = import('./b.js').B;", "export type A = import('../a.js').A;"],
])('a circle %s is found', (_, inA, inB) => {
  const folder = mkdtempSync(join(tmpdir(), 'ostinato-circle-'));
  try {
    mkdirSync(join(folder, 'b'));
    writeFileSync(join(folder, 'a.ts'), inA.replace('./b.js', './b/index.js'));
    writeFileSync(join(folder, 'b', 'index.ts'), inB);
    writeFileSync(join(folder, 'c.ts'), "import './a.js';\n// import './c.js'");
    expect(circlesIn(importsIn(folder))).toEqual(['a.ts -> b/index.ts -> a.ts']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function complaints(folder: string, imports: readonly (readonly [string, string])[]): number {
  const src = join(folder, 'src');
  rmSync(src, { recursive: true, force: true });
  for (const [file, from] of imports) {
    mkdirSync(dirname(join(src, file)), { recursive: true });
    appendFileSync(join(src, `${file}.ts`), `import '${from}';\n`);
  }
  const oxlint = resolve('node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['--format=unix', 'src'], { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes('no-restricted-imports')).length;
}
