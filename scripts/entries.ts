// `npm run entries` writes what follows from entries.json into package.json and .size-limit.json. A test fails if they are
// stale. tsup.config.ts and the tests of the package take the list from here.
import { readFileSync, writeFileSync } from 'node:fs';

/** One entry point of the package. */
export interface Entry {
  /** What users import. */
  readonly name: string;
  readonly source: string;
  /** The built file, below `dist` and without its extension. */
  readonly file: string;
  /** The most that these imports may add to a bundle, compressed. `*` stands for the whole entry point. */
  readonly limits?: Readonly<Record<string, string>>;
  /** The host package and its versions. It becomes an optional peer. */
  readonly peer?: Readonly<Record<string, string>>;
  /** The built file imports its peer at run time. No other entry point imports a package. */
  readonly importsPeer?: boolean;
}

type Json = Record<string, unknown>;

export const entries = JSON.parse(readFileSync('entries.json', 'utf8')) as readonly Entry[];

/** What follows from the list, as JSON by file name. `manifest` is package.json as it is. */
export const generated = (list: readonly Entry[], manifest: Json): Record<string, unknown> => ({
  'package.json': { ...manifest, ...ofManifest(list) },
  '.size-limit.json': list.flatMap(sizesOf),
});

function ofManifest(list: readonly Entry[]): Json {
  const peers = list.flatMap(({ peer = {} }) => Object.entries(peer));
  const sorted = peers.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    exports: {
      ...Object.fromEntries(list.map(({ name, file }) => [name.replace('ostinato', '.'), conditions(file)])),
      './package.json': './package.json',
    },
    // For `moduleResolution: node10`, which ignores `exports`.
    typesVersions: {
      '*': Object.fromEntries(
        list
          .filter(({ name }) => name !== 'ostinato')
          .map(({ name, file }) => [name.replace('ostinato/', ''), [`./dist/${file}.d.ts`]]),
      ),
    },
    peerDependencies: Object.fromEntries(sorted),
    peerDependenciesMeta: Object.fromEntries(sorted.map(([name]) => [name, { optional: true }])),
  };
}

const conditions = (file: string): Json => ({
  import: { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` },
  require: { types: `./dist/${file}.d.cts`, default: `./dist/${file}.cjs` },
});

const sizesOf = ({ name, file, limits = {} }: Entry): Json[] =>
  Object.entries(limits).map(([names, limit]) => ({
    name: names === '*' ? name : `${names} of ${name}`,
    path: `dist/${file}.js`,
    ...(names !== '*' && { import: names }),
    limit,
    gzip: true,
  }));

if (process.argv[1] === import.meta.filename) {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Json;
  for (const [file, value] of Object.entries(generated(entries, manifest))) {
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  }
}
