// npm run bench:readme
//
// Writes the tables of results.json into README.md, between the two markers. Run it after `npm run bench`.
import { readFileSync, writeFileSync } from 'node:fs';
import { figure } from './harness/report.mjs';

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';
const README = new URL('../README.md', import.meta.url);

// The questions in which the same work is done by all; the others are in results.json.
const COMPARED = {
  success: 'success',
  failing: 'failing',
  'failing-jittered': 'failing, jittered',
  pending: 'waiting, memory',
};

const { machine, answers } = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));

const readme = readFileSync(README, 'utf8');
const start = readme.indexOf(START);
const end = readme.indexOf(END);
if (start < 0 || end < start) throw new Error(`README.md needs the lines ${START} and ${END}, in this order`);
const generated = [START, ...comparison(), '', ...weights(), '', about(), ''].join('\n');
writeFileSync(README, readme.slice(0, start) + generated + readme.slice(end));

/** Ratios to the loop: a row per contender, a column per question. */
function comparison() {
  const names = Object.keys(COMPARED).filter((name) => name in answers);
  const contenders = new Map(names.flatMap((name) => answers[name].rows.map((row) => [row.contender, row])));
  return table(
    ['', ...names.map((name) => COMPARED[name])],
    [...contenders.values()].map(({ contender, label, version }) => [
      version ? `${label} ${version}` : label,
      ...names.map((name) => ratio(answers[name], contender)),
    ]),
  );
}

function ratio({ unit, rows }, contender) {
  const valueOf = (wanted) => rows.find((row) => row.contender === wanted)?.value;
  const value = valueOf(contender);
  if (value === undefined) return '';
  return contender === 'loop' ? `1 (${figure(value)} ${unit})` : (value / valueOf('loop')).toFixed(2);
}

/** Bytes and milliseconds to import. */
function weights() {
  if (!answers.import) return [];
  return table(
    ['', 'min + gzip', 'import', 'knows which failures to retry'],
    answers.import.rows.map(({ label, version, gzipBytes, value, classifier }) => [
      `${label} ${version}`,
      `${(gzipBytes / 1000).toFixed(1)} kB`,
      `${figure(value)} ms`,
      figure(classifier),
    ]),
  );
}

function about() {
  const { cpu, cores, memoryGiB, os, node } = machine;
  const days = new Set(Object.values(answers).map(({ measured }) => measured));
  return (
    `Ratios to the loop, best of at least three rounds, each in a process of its own: lower is better. ` +
    `Measured ${[...days].join(', ')} on ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}. ` +
    'How, and how to repeat it: [bench/NOTES.md](bench/NOTES.md).'
  );
}

function table(head, rows) {
  return [
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map((cells) => line(cells)),
  ];
}

function line(cells) {
  return `| ${cells.join(' | ')} |`;
}
