import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { createProgram, ModuleKind, ModuleResolutionKind, SymbolFlags } from 'typescript';
import { expect, inject, test } from 'vitest';
import { entries, manifest } from './entries.js';

interface Names {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const publicNames = JSON.parse(readFileSync('test/package/public-names.json', 'utf8')) as Record<
  string,
  Names
>;

test('there are entry points for the core and every part of it', () => {
  expect(entries.map(({ name }) => name).toSorted()).toEqual(Object.keys(publicNames).toSorted());
});

test('installing it installs nothing else', () => {
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
  expect(inject('installed')).toEqual(['ostinato']);
});

test('the tarball holds what was built, licence, readme and changelog, and nothing else', () => {
  const others = inject('packed').filter((path) => !path.startsWith('dist/'));
  expect(others.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  const files = entries.flatMap((entry) => [entry.import, entry.require].flatMap(Object.values<string>));
  expect(inject('packed')).toEqual(expect.arrayContaining(files.map((file) => file.slice('./'.length))));
});

test.each(
  entries.flatMap((entry) => [entry.import, entry.require].map(({ types }) => ({ name: entry.name, types }))),
)('$types declares the public names, and no others', ({ name, types }) => {
  expect(declared(types)).toEqual(publicNames[name]);
});

test.each(
  entries.flatMap((entry) =>
    [entry.import.default, entry.require.default].map((file) => ({
      file,
      expected: entry.importsPeer ? Object.keys(entry.peer!) : [],
    })),
  ),
)('$file needs no other package, and no module of Node', async ({ file, expected }) => {
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    metafile: true,
    write: false,
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter((one) => one.external).map(({ path }) => path),
  );
  expect(external).toEqual(expected);
});

/** The names a declaration file exports, sorted: those that exist at run time, and those that are only types. */
function declared(file: string): Names {
  const program = createProgram([file], {
    module: ModuleKind.NodeNext,
    moduleResolution: ModuleResolutionKind.NodeNext,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  const names: { values: string[]; types: string[] } = { values: [], types: [] };
  for (const symbol of symbols) {
    const { flags } = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    names[flags & SymbolFlags.Value ? 'values' : 'types'].push(symbol.name);
  }
  return { values: names.values.toSorted(), types: names.types.toSorted() };
}
