import { readdirSync, readFileSync } from 'node:fs';

/** A block of TypeScript in a document. */
export interface Block {
  /** The nearest heading above it. */
  readonly heading: string;
  /** Where it is, for people: `README.md:34`. */
  readonly place: string;
  /** The name of a file that holds it, without extension. */
  readonly name: string;
  /** After so many empty lines that every line has the number it has in the document. */
  readonly code: string;
  /** False for those marked `no-run`, which need what is not here: a server, a key. */
  readonly runs: boolean;
}

/** Their blocks need packages that only test/integrations has: its tests compile and run them. */
export const documentsWithPackages: readonly string[] = ['docs/databases.md', 'docs/integrations.md'];

export const documents: readonly string[] = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** All blocks of a document that begin with three backticks and `ts`, or `ts no-run`. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(document, 'utf8');
  return [...text.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms)].map(({ index, 1: mark, 2: code = '' }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    return {
      heading: [...text.slice(0, index).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? '',
      place: `${document}:${line}`,
      name: `${document.replaceAll(/\W/g, '-')}-${line}`,
      code: '\n'.repeat(line - 1) + code,
      runs: mark === undefined,
    };
  });
}
