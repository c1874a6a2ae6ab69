// npm run bench                    every question, under 10 minutes on 2 quiet cores
// npm run bench -- success parse   only these
//
// Prints a table per question, puts the answers into results.json and ends with 1 if a figure that must be reached is
// missed. Node 22 or later: that is what the rivals need.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { machine, versionOf } from './harness/machine.mjs';
import { asText } from './harness/report.mjs';
import { runRounds } from './harness/rounds.mjs';

const QUESTIONS = [
  'success',
  'failing',
  'failing-jittered',
  'lateness',
  'pending',
  'abort',
  'delays',
  'parse',
  'import',
  'herd',
];
/** Need a server, which takes its time: only when asked for. */
const ON_REQUEST = ['queue-table'];
const RESULTS = new URL('results.json', import.meta.url);

const asked = process.argv.slice(2);
const known = [...QUESTIONS, ...ON_REQUEST];
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such question: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}

const results = {
  machine: machine(),
  // A run of some questions keeps the others' answers; each tells when it was measured.
  answers: existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')).answers : {},
};

let missed = false;
for (const name of asked.length > 0 ? asked : QUESTIONS) {
  const answer = await ask(name);
  console.log(asText(name, answer));
  missed ||= answer.mustReach.some(({ ok }) => !ok);
  results.answers[name] = answer;
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
}
process.exitCode = missed ? 1 : 0;

async function ask(name) {
  const { default: question } = await import(`./${name}.mjs`);
  const started = performance.now();
  const rows = await runRounds(name, question, progress);
  progress('');
  return {
    title: question.title,
    unit: question.unit,
    columns: question.columns,
    measured: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - started) / 1000),
    rows: await Promise.all(rows.map((row) => described(row, question))),
    mustReach: question.mustReach(rows),
  };
}

/** The row with its label and the version of the package, which the question or the contender's own file tells. */
async function described({ rounds, ...row }, question) {
  const { contender } = row;
  const { label, packageName } = question.label
    ? { label: question.label(contender), packageName: question.packageName?.(contender) }
    : await import(`./contenders/${contender}.mjs`);
  return {
    label,
    ...(packageName && { version: versionOf(packageName) }),
    ...row,
    rounds: rounds.map(({ value }) => value),
  };
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
