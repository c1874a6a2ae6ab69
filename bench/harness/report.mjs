/**
 * A question's answer as a table: one row per contender with its figure, the ratio to the loop where there is one, and
 * the further columns of the question.
 */
export function tableOf({ unit, columns = {}, rows }) {
  const loop = rows.find((row) => row.contender === 'loop')?.value;
  const head = ['', unit, ...(loop === undefined ? [] : ['× loop']), ...Object.values(columns)];
  const body = rows.map((row) => [
    row.label,
    figure(row.value),
    ...(loop === undefined ? [] : [(row.value / loop).toFixed(2)]),
    ...Object.keys(columns).map((key) => figure(row[key])),
  ]);
  return [head, ...body];
}

/** The table as lines of text, then what must be reached. */
export function asText(name, answer) {
  const table = tableOf(answer);
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  '),
  );
  const reached = answer.mustReach.map(
    ({ what, value, limit, ok }) =>
      `${ok ? 'reached' : 'MISSED '}  ${what}: ${figure(value)}, at most ${limit}`,
  );
  return [`\n${name}: ${answer.title}`, ...[...lines, ...reached].map((line) => `  ${line}`)].join('\n');
}

/** Three significant digits, more where whole numbers have more; words as they are. */
export function figure(value) {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toString();
  return value.toPrecision(3);
}
