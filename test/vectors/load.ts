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

/** A failure as a client threw it, written down: prototypes by name, everything else as it was. */
export interface Shape {
  readonly ctor?: string;
  readonly proto?: string;
  readonly instanceofError?: boolean;
  readonly cause?: Shape;
  readonly errors?: readonly Shape[];
  readonly [property: string]: unknown;
}

/** A recorded failure, and what it means. */
export interface FailureCase {
  readonly id: string;
  readonly situation: string;
  readonly shape: Shape;
  readonly verdict: 'retry' | 'stop';
  readonly class: string;
  readonly requestSent: 'no' | 'maybe' | 'yes' | null;
  readonly recognisable: 'structural' | 'message' | 'adapter' | 'signal' | 'no';
  readonly why: string;
}

export const failureCases = load('./error-shapes.json') as readonly FailureCase[];
