import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { blocksOf, documentsWithPackages } from '../docs/blocks.js';

/** Below this folder, so that they find its packages. */
const folder = resolve(import.meta.dirname, '.cache/recipes');

/** Writes each `ts` block of the documents to a module of its own. */
export function writeRecipes(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of documentsWithPackages.flatMap(blocksOf)) {
    writeFileSync(join(folder, `${name}.ts`), code);
  }
}

/** What the block under this heading of a document exports. It is the very code that readers see. */
export async function recipe<Exports>(document: string, heading: string): Promise<Exports> {
  const block = blocksOf(document).find((each) => each.heading === heading);
  if (!block) throw new Error(`${document} has no ts block under "${heading}"`);
  return import(/* @vite-ignore */ join(folder, `${block.name}.ts`)) as Promise<Exports>;
}
