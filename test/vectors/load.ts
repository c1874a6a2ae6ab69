import { readFileSync } from 'node:fs';

/** Response headers, the local clock when they arrived, and the hint they hold. */
export interface HeaderCase {
  readonly name: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly now: string;
  readonly expectMs: number | null;
  readonly why: string;
}

const load = (file: string): unknown => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));

export const headerCases = load('./retry-after.json') as readonly HeaderCase[];
