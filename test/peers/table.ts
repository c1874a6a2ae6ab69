import type { Violation } from '../../src/testing/index.js';

/** A library with one of its settings, and what was found. */
export interface Judged {
  readonly library: string;
  readonly version: string;
  readonly setting: string;
  readonly violations: readonly Violation[];
}

const intro = `# Other libraries before the same laws

What \`ostinato/testing\` finds when it is given the delays of other packages. Each was reached through its public
interface, with its own formula, in the settings shown: usually a delay that doubles from 100 ms to a cap of 1 s, with
jitter. Chance was put into their hands through \`Math.random\`, so that a counterexample names the draw that leads to
it; the formula of pg-boss ran in PostgreSQL with PostgreSQL's own chance, and was judged by statistics. Fractions of a
millisecond were cut off first, as timers do.

A broken law is no verdict on a library: some of these settings are rarely used, and a collapsed spread matters only
where many clients wait for the same server. Written by \`npm run verify:peers\`; the laws are explained in
[testing.md](testing.md).
`;

/** The document, as Markdown. */
export function verifiedPeers(judged: readonly Judged[]): string {
  const rows = judged.map(({ library, version, setting, violations }) =>
    [
      `${library} ${version}`,
      `\`${setting}\``,
      violations.map(({ law }) => `\`${law}\``).join(', ') || 'none',
      violations.map(counterexample).join('<br>') || '–',
    ].join(' | '),
  );
  return [
    intro,
    '| library | setting | laws broken | smallest counterexample |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
  ].join('\n');
}

function counterexample({ message, retry, delay, draw }: Violation): string {
  const chance = draw === undefined ? '' : `, draw ${draw}`;
  return `retry ${retry}${chance}: ${delay} ms (${message})`;
}
