/** A question's answer as lines of text: one row per contender, then what must be reached. */
export function asText(name, { title, unit, rows, mustReach }) {
  const loop = rows.find((row) => row.contender === 'loop')?.value;
  const width = Math.max(...rows.map((row) => row.label.length));
  const lines = [`\n${name}: ${title} (${unit})`];
  for (const row of rows) {
    const ratio = loop === undefined ? '' : `${(row.value / loop).toFixed(2)} × loop`;
    lines.push(`  ${row.label.padEnd(width)}  ${figure(row.value).padStart(10)}  ${ratio.padStart(14)}`);
  }
  for (const { what, value, limit, ok } of mustReach) {
    lines.push(`  ${ok ? 'reached' : 'MISSED '}  ${what}: ${figure(value)}, at most ${limit}`);
  }
  return lines.join('\n');
}

/** Three significant digits, more where whole numbers have more. */
export const figure = (value) => (value >= 100 ? Math.round(value).toString() : value.toPrecision(3));
