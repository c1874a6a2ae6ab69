import { readFileSync } from 'node:fs';
import * as list from '../../scripts/entries.js';

interface Manifest {
  readonly dependencies?: object;
  readonly exports: Readonly<
    Record<string, Record<'import' | 'require', Record<'types' | 'default', string>>>
  >;
}

export const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** Every entry point, with the files behind it as package.json names them. */
export const entries = list.entries.map((entry) => ({
  ...entry,
  ...manifest.exports[entry.name.replace('ostinato', '.')]!,
}));
