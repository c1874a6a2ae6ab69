import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { entries, generated } from '../scripts/entries.js';

const json = (file: string): any => JSON.parse(readFileSync(file, 'utf8'));

test.each(['package.json', '.size-limit.json'])('%s follows from entries.json (npm run entries)', (file) => {
  expect(json(file)).toEqual(generated(entries, json('package.json'))[file]);
});

test('package-lock.json has the same peers, or npm ci refuses it', () => {
  const { peerDependencies, peerDependenciesMeta } = json('package.json');
  expect(json('package-lock.json').packages['']).toMatchObject({ peerDependencies, peerDependenciesMeta });
});

test('the source of each entry point exists, and no name or file is given twice', () => {
  expect(entries.filter(({ source }) => !existsSync(source))).toEqual([]);
  expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
  expect(new Set(entries.map(({ file }) => file)).size).toBe(entries.length);
});

test('a new entry needs one line of entries.json', () => {
  const added = {
    name: 'ostinato/new',
    source: 'src/new/index.ts',
    file: 'new/index',
    limits: { '*': '1 kB' },
  };
  const made: any = generated([...entries, { ...added, peer: { host: '^1.0.0' } }], { name: 'ostinato' });
  expect(made['package.json']).toMatchObject({
    name: 'ostinato',
    exports: {
      './new': {
        import: { types: './dist/new/index.d.ts', default: './dist/new/index.js' },
        require: { types: './dist/new/index.d.cts', default: './dist/new/index.cjs' },
      },
    },
    typesVersions: { '*': { new: ['./dist/new/index.d.ts'] } },
    peerDependencies: { host: '^1.0.0' },
    peerDependenciesMeta: { host: { optional: true } },
  });
  expect(made['.size-limit.json']).toContainEqual({
    name: 'ostinato/new',
    path: 'dist/new/index.js',
    limit: '1 kB',
    gzip: true,
  });
});
