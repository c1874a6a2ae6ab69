import { readFileSync } from 'node:fs';

interface Manifest {
  readonly dependencies?: object;
  readonly exports: Record<
    string,
    string | Record<'import' | 'require', Record<'types' | 'default', string>>
  >;
}

export const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** Every entry point: what is imported, and the files behind it. */
export const entries = Object.entries(manifest.exports).flatMap(([path, files]) =>
  typeof files === 'string' ? [] : [{ name: path.replace('.', 'ostinato'), ...files }],
);
